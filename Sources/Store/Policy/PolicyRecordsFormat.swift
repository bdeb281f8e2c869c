// PolicyRecordsFormat.swift — the tables of the file in which a policy's standing facts are kept.
//
// leases            answers given in advance; AUTOINCREMENT, so that a number is never given twice
// budget_days       what the budgets that are counted by the day have used, by UTC day since 1970
// policy_revisions  the highest revision of each policy that was ever in force here

extension FileFormat {
  package static let policyRecords = FileFormat(
    name: "policy record",
    applicationID: 0x4D72_7450,  // "MrtP"
    migrations: [
      Migration("leases, budgets by the day, revisions") { database throws(StoreError) in
        for statement in policyTables { try database.run(statement) }
        try Database.scrubTable.run(database)
      }
    ])
}

private let policyTables = [
  """
  CREATE TABLE leases (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    tool TEXT NOT NULL,
    arguments TEXT NOT NULL,
    policy BLOB NOT NULL,
    manifest TEXT NOT NULL,
    uses_left INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    origin TEXT NOT NULL
  ) STRICT
  """,
  """
  CREATE TABLE budget_days (
    budget TEXT NOT NULL,
    day INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    microdollars INTEGER NOT NULL,
    PRIMARY KEY (budget, day)
  ) STRICT, WITHOUT ROWID
  """,
  """
  CREATE TABLE policy_revisions (
    policy TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID
  """,
]
