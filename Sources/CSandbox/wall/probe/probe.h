// probe.h — acts that a walled command must not, or must still, be able to do.
//
// martlet-probe is what `martlet sandbox doctor` runs behind the walls, and what the tests run both
// behind them and in the open: an act that fails everywhere proves nothing.

#ifndef PROBE_H
#define PROBE_H

/// One act. `argument` is what followed "=", or "".
/// Returns 0 where it succeeded, an errno value where it was refused, or a negative signal number
/// where a child that tried it was killed.
struct act {
    const char *name;
    int (*attempt)(const char *argument);
};

extern const struct act file_acts[], network_acts[], egress_acts[], process_acts[], kernel_acts[];

/// 0 where `result` is not negative, errno otherwise.
int errno_of(long result);

#endif
