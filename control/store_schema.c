#include <stdio.h>

#include "store_private.h"

/*
 * Versions so far, each as the step from the one before. A later version adds its text at the
 * end.
 */
static const char *const schema_steps[SCHEMA_VERSION] = {
	/* One row: the revision of the newest change. */
	"CREATE TABLE meta ("
	"  one INTEGER PRIMARY KEY CHECK (one = 1),"
	"  revision INTEGER NOT NULL"
	") STRICT;"
	"INSERT INTO meta VALUES (1, 0);"

	/* spec: JSON, what region.create takes, with every default filled in. */
	"CREATE TABLE region ("
	"  id INTEGER PRIMARY KEY,"
	"  name TEXT NOT NULL UNIQUE,"
	"  spec TEXT NOT NULL,"
	"  attached INTEGER NOT NULL,"
	"  revision INTEGER NOT NULL," /* last change of the region or of anything in it */
	"  created INTEGER NOT NULL,"  /* times: seconds since 1970 */
	"  updated INTEGER NOT NULL"
	") STRICT;"

	"CREATE TABLE prefix ("
	"  first BLOB PRIMARY KEY," /* addresses: bind_address() in store_private.h */
	"  last BLOB NOT NULL,"
	"  region INTEGER NOT NULL REFERENCES region"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX prefix_region ON prefix (region);"

	"CREATE TABLE eip ("
	"  address BLOB PRIMARY KEY,"
	"  region INTEGER NOT NULL REFERENCES region,"
	"  id TEXT NOT NULL,"
	"  project TEXT NOT NULL,"
	"  revision INTEGER NOT NULL,"
	"  created INTEGER NOT NULL,"
	"  UNIQUE (region, id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX eip_project ON eip (project);"

	"CREATE TABLE ptr ("
	"  address BLOB PRIMARY KEY REFERENCES eip ON DELETE CASCADE,"
	"  project TEXT NOT NULL," /* its EIP's: rebinding to another project drops the PTR */
	"  names TEXT NOT NULL,"   /* canonical, separated by spaces */
	"  ttl INTEGER NOT NULL,"
	"  revision INTEGER NOT NULL,"
	"  created INTEGER NOT NULL,"
	"  updated INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX ptr_project ON ptr (project);"

	/* Counters, so that totals need no scan. */
	"CREATE TABLE usage ("
	"  region INTEGER NOT NULL REFERENCES region,"
	"  project TEXT NOT NULL,"
	"  eips INTEGER NOT NULL,"
	"  ptrs INTEGER NOT NULL,"
	"  PRIMARY KEY (region, project)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX usage_project ON usage (project);",

	/*
	 * IPv6: addresses of a second form, and regions that may have default_name6, rfc2317 and
	 * delegations in their spec. All that was in a file before stays valid as it is; the version
	 * keeps a ptrd-control away that knows none of these.
	 */
	"",

	/*
	 * What is kept of a PTR in full, what it is found by, quotas, and the audit. A PTR's row goes
	 * with its EIP's by statements of ours: SQLite's cascade would leave the look-up tables
	 * behind.
	 */
	"CREATE TABLE ptr3 ("
	"  address BLOB PRIMARY KEY,"
	"  project TEXT NOT NULL," /* its EIP's: rebinding to another project drops the PTR */
	"  names TEXT NOT NULL,"   /* canonical, separated by spaces */
	"  ttl INTEGER NOT NULL,"
	"  description TEXT NOT NULL,"
	"  tags TEXT NOT NULL,"   /* JSON, [{key, value}] in order of key; '' if there are none */
	"  action TEXT NOT NULL," /* the last one: CREATE, UPDATE */
	"  revision INTEGER NOT NULL,"
	"  created INTEGER NOT NULL,"
	"  updated INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"INSERT INTO ptr3 SELECT address, project, names, ttl, '', '',"
	"  iif(created = updated, 'CREATE', 'UPDATE'), revision, created, updated FROM ptr;"
	"DROP TABLE ptr;"
	"ALTER TABLE ptr3 RENAME TO ptr;"
	"CREATE INDEX ptr_project ON ptr (project);"

	/* Each name of each PTR with its labels in reverse, so that a domain's lie side by side. */
	"CREATE TABLE ptr_name ("
	"  key TEXT NOT NULL," /* name_key() */
	"  address BLOB NOT NULL,"
	"  PRIMARY KEY (key, address)"
	") STRICT, WITHOUT ROWID;"
	"INSERT INTO ptr_name WITH RECURSIVE split (address, name, rest) AS ("
	"  SELECT address, '', names || ' ' FROM ptr UNION ALL"
	"  SELECT address, substr(rest, 1, instr(rest, ' ') - 1), substr(rest, instr(rest, ' ') + 1)"
	"  FROM split WHERE rest <> '')"
	"  SELECT name_key(name), address FROM split WHERE name <> '';"

	"CREATE TABLE ptr_tag ("
	"  key TEXT NOT NULL,"
	"  value TEXT NOT NULL,"
	"  address BLOB NOT NULL,"
	"  PRIMARY KEY (key, value, address)"
	") STRICT, WITHOUT ROWID;"

	/* Projects whose quota of PTRs is not the configured one. */
	"CREATE TABLE project ("
	"  name TEXT PRIMARY KEY,"
	"  quota INTEGER NOT NULL" /* 0: none */
	") STRICT, WITHOUT ROWID;"

	/* One row for each revision since this version of the schema, without a hole. */
	"CREATE TABLE audit ("
	"  revision INTEGER PRIMARY KEY,"
	"  time INTEGER NOT NULL,"
	"  actor TEXT NOT NULL,"
	"  action TEXT NOT NULL," /* the method */
	"  region TEXT,"          /* by name, like the project: the row outlives both */
	"  address BLOB,"         /* NULL: of the region, or of a project, as a whole */
	"  project TEXT,"
	"  old_project TEXT," /* that lost the address to `project` */
	"  before TEXT,"      /* JSON; NULL: did not exist */
	"  after TEXT"        /* JSON; NULL: does not exist any more */
	") STRICT;"
	"CREATE INDEX audit_project ON audit (project) WHERE project IS NOT NULL;"
	"CREATE INDEX audit_old_project ON audit (old_project) WHERE old_project IS NOT NULL;"
	"CREATE INDEX audit_address ON audit (address) WHERE address IS NOT NULL;",
};

static int schema_version(struct store *s)
{
	sqlite3_stmt *statement;
	int version = -1;

	if (sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &statement, NULL) == SQLITE_OK
		&& sqlite3_step(statement) == SQLITE_ROW)
		version = sqlite3_column_int(statement, 0);
	else
		store_fail(s);
	sqlite3_finalize(statement);
	return version;
}

static bool schema_step(struct store *s, int from)
{
	char sql[64];

	/* user_version is part of the transaction: a crash leaves the old version whole. */
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d; COMMIT", from + 1);
	if (sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK
		&& sqlite3_exec(s->db, schema_steps[from], NULL, NULL, NULL) == SQLITE_OK
		&& sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	store_fail(s);
	sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return false;
}

bool store_schema_ready(struct store *s)
{
	int version = schema_version(s);

	if (version < 0)
		return false;
	if (version > SCHEMA_VERSION) {
		snprintf(s->error, sizeof(s->error),
			"%s/ptrd.db has schema version %d, this ptrd-control knows versions up to %d: "
			"it was written by a newer one",
			s->state_dir, version, SCHEMA_VERSION);
		return false;
	}
	for (; version < SCHEMA_VERSION; version++)
		if (!schema_step(s, version))
			return false;
	return true;
}
