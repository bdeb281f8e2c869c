"""Whether training is in its second stage, which draws more of what the first one left weak."""

late = False
FROM = 2400
