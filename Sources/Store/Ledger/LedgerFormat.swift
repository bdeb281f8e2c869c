// LedgerFormat.swift — the tables of a ledger file, and the guards that live inside it.
//
// sessions       one row a session; only event_count and head_hash ever change
// ledger_events  append-only; clustered by (session, sequence), so that there is no index to disagree
// ledger_bodies  content-addressed by salted digest: equal contents share a row. Erased: salt, content_hash and content
//                are NULL, and the digest stays
//
// The triggers guard against accidents in SQL. Whoever wants to can drop them; `verify` is for that.

extension FileFormat {
  package static let ledger = FileFormat(
    name: "ledger",
    applicationID: 0x4D72_744C,  // "MrtL"
    migrations: [
      Migration("sessions, events, bodies") { database throws(StoreError) in
        for statement in ledgerTables + ledgerGuards { try database.run(statement) }
        try Database.scrubTable.run(database)
      }
    ])
}

private let ledgerTables = [
  """
  CREATE TABLE sessions (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    time_ms INTEGER NOT NULL,
    header TEXT NOT NULL,
    begin_hash BLOB NOT NULL,
    event_count INTEGER NOT NULL,
    head_hash BLOB NOT NULL
  ) STRICT
  """,
  """
  CREATE TABLE ledger_events (
    session INTEGER NOT NULL REFERENCES sessions (number),
    sequence INTEGER NOT NULL,
    kind TEXT NOT NULL,
    time_ms INTEGER NOT NULL,
    header TEXT NOT NULL,
    bodies TEXT NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (session, sequence)
  ) STRICT, WITHOUT ROWID
  """,
  """
  CREATE TABLE ledger_bodies (
    digest BLOB NOT NULL PRIMARY KEY,
    salt BLOB,
    content_hash BLOB UNIQUE,
    content BLOB
  ) STRICT, WITHOUT ROWID
  """,
]

private let ledgerGuards = [
  """
  CREATE TRIGGER events_continue BEFORE INSERT ON ledger_events
  WHEN new.sequence IS NOT
    (SELECT event_count + 1 FROM sessions WHERE number = new.session)
  BEGIN SELECT RAISE(ABORT, 'an event continues its session'); END
  """,
  """
  CREATE TRIGGER events_stay BEFORE UPDATE ON ledger_events
  BEGIN SELECT RAISE(ABORT, 'ledger_events is append-only'); END
  """,
  """
  CREATE TRIGGER events_last BEFORE DELETE ON ledger_events
  BEGIN SELECT RAISE(ABORT, 'ledger_events is append-only'); END
  """,
  """
  CREATE TRIGGER sessions_stay BEFORE UPDATE ON sessions
  WHEN new.number IS NOT old.number OR new.id IS NOT old.id OR new.time_ms IS NOT old.time_ms
    OR new.header IS NOT old.header OR new.begin_hash IS NOT old.begin_hash
    OR new.event_count <= old.event_count
  BEGIN SELECT RAISE(ABORT, 'a session only grows'); END
  """,
  """
  CREATE TRIGGER sessions_last BEFORE DELETE ON sessions
  BEGIN SELECT RAISE(ABORT, 'a session is never deleted'); END
  """,
  """
  CREATE TRIGGER bodies_stay BEFORE UPDATE ON ledger_bodies
  WHEN new.digest IS NOT old.digest OR new.salt IS NOT NULL
    OR new.content_hash IS NOT NULL OR new.content IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'a body can only be erased'); END
  """,
  """
  CREATE TRIGGER bodies_last BEFORE DELETE ON ledger_bodies
  BEGIN SELECT RAISE(ABORT, 'a body can only be erased'); END
  """,
]
