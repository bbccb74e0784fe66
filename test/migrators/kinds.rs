//! Every kind of migration that people write, on top of what the shop's production has. `KIND` says which of them a
//! migrator offers; both crates share this list.

pub struct Sql {
    pub name: &'static str,
    pub up: Vec<String>,
    /// Without it the trait's own `down`, which refuses.
    pub down: Option<Vec<String>>,
    /// Only SeaORM 2 asks.
    #[cfg_attr(not(feature = "seaorm-2"), allow(dead_code))]
    pub transaction: Option<bool>,
    /// Beside that, over connections of its own to other databases of the cluster: database and text.
    pub elsewhere: Elsewhere,
}

#[derive(Default)]
pub struct Elsewhere {
    pub up: Vec<(&'static str, &'static str)>,
    pub down: Vec<(&'static str, &'static str)>,
}

/// What the shop's production has applied.
pub const PRODUCTION: [&str; 7] = [
    "m20250101_000001_customers",
    "m20250101_000002_addresses",
    "m20250101_000003_orders",
    "m20250101_000004_payments",
    "m20250101_000005_staff_and_support",
    "m20250101_000006_audit_log",
    "m20250101_000007_city_revenue",
];

pub fn chosen() -> Vec<Sql> {
    match std::env::var("KIND").unwrap_or_default().as_str() {
        "several-in-one-text" => vec![sql(
            "m20260101_000001_several",
            "ALTER TABLE orders ADD COLUMN source text; CREATE INDEX orders_source_idx ON orders (source);
             INSERT INTO customers (email, full_name) SELECT 'none@example.test', 'none' WHERE false",
            "DROP INDEX orders_source_idx; ALTER TABLE orders DROP COLUMN source",
        )],
        "seed" => vec![sql(
            "m20260101_000001_seed",
            "CREATE TABLE country (code text PRIMARY KEY, name text NOT NULL);
             INSERT INTO country VALUES ('at', 'Geheimland'), ('ch', 'Nirgendwo')",
            "DROP TABLE country",
        )],
        "enum-value" => vec![without_down("m20260101_000001_enum_value", "ALTER TYPE order_status ADD VALUE 'lost'")],
        "concurrently" => vec![sql(
            "m20260101_000001_concurrently",
            "CREATE INDEX CONCURRENTLY orders_placed_idx ON orders (placed_at)",
            "DROP INDEX orders_placed_idx",
        )],
        "do-block" => vec![sql(
            "m20260101_000001_do_block",
            "DO $$ BEGIN ALTER TABLE order_items ALTER COLUMN line TYPE int; UPDATE orders SET updated_at = now(); END $$",
            "ALTER TABLE order_items ALTER COLUMN line TYPE smallint",
        )],
        "function-and-trigger" => vec![sql(
            "m20260101_000001_function_and_trigger",
            "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
             CREATE TRIGGER shout BEFORE INSERT ON customers FOR EACH ROW EXECUTE FUNCTION shout()",
            "DROP TRIGGER shout ON customers; DROP FUNCTION shout()",
        )],
        "extension" => vec![sql("m20260101_000001_extension", "CREATE EXTENSION pg_trgm", "DROP EXTENSION pg_trgm")],
        "role" => vec![sql("m20260101_000001_role", "CREATE ROLE analyst", "DROP ROLE analyst")],
        "backfill" => vec![Sql {
            up: (0..100_000)
                .map(|n| format!("UPDATE customers SET full_name = full_name || '' WHERE email = 'nobody-{n}@example.test'"))
                .collect(),
            ..sql("m20260101_000001_backfill", "", "SELECT 1")
        }],
        "temporary-table" => vec![sql(
            "m20260101_000001_temporary_table",
            "CREATE TEMP TABLE paid ON COMMIT DROP AS SELECT order_id FROM payments;
             UPDATE orders SET updated_at = now() FROM paid WHERE paid.order_id = orders.id",
            "SELECT 1",
        )],
        "partitions" => vec![sql(
            "m20260101_000001_partitions",
            "CREATE TABLE event (id bigint NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);
             CREATE TABLE event_2026 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
             CREATE TABLE event_2027 (LIKE event); ALTER TABLE event ATTACH PARTITION event_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')",
            "DROP TABLE event",
        )],
        "event-trigger" => vec![sql(
            "m20260101_000001_event_trigger",
            "CREATE FUNCTION no_drop() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'ended'; END $$;
             CREATE EVENT TRIGGER no_drop ON ddl_command_end EXECUTE FUNCTION no_drop();
             ALTER TABLE orders ADD COLUMN watched text",
            "DROP EVENT TRIGGER no_drop; DROP FUNCTION no_drop(); ALTER TABLE orders DROP COLUMN watched",
        )],
        "forgery" => vec![sql(
            "m20260101_000001_forgery",
            r#"DO $$ BEGIN RAISE LOG 'greenroom:locks {"lsn": 1, "locks": [null]}'; RAISE LOG 'greenroom:locks nonsense';
               RAISE LOG 'greenroom:booked {"held": {"lsn": 1, "locks": []}, "rows": 5}'; RAISE LOG 'greenroom:rewrite null'; END $$;
               ALTER TABLE orders ADD COLUMN forged text"#,
            "ALTER TABLE orders DROP COLUMN forged",
        )],
        "deep" => vec![Sql { up: vec![format!("SELECT 1{}", "+1".repeat(4000))], ..sql("m20260101_000001_deep", "", "SELECT 1") }],
        "second-fails" => vec![
            sql("m20260101_000001_first", "ALTER TABLE orders ADD COLUMN first text", "ALTER TABLE orders DROP COLUMN first"),
            sql("m20260101_000002_second", "ALTER TABLE orders ADD COLUMN first text", "SELECT 1"),
        ],
        "another-database" => vec![Sql {
            elsewhere: Elsewhere {
                up: vec![
                    ("postgres", "CREATE DATABASE ledger"),
                    ("ledger", "CREATE SCHEMA shop; CREATE TABLE shop.orders (id int, placed_at text, currency text)"),
                    ("ledger", "BEGIN; LOCK TABLE shop.orders IN ACCESS EXCLUSIVE MODE; ALTER TABLE shop.orders DROP COLUMN currency; COMMIT"),
                    ("ledger", "CREATE INDEX ON shop.orders (placed_at)"),
                    ("ledger", "CREATE TABLE seaql_migrations (version text); INSERT INTO seaql_migrations VALUES ('m20260101_000009_of_another')"),
                ],
                down: vec![("postgres", "DROP DATABASE ledger WITH (FORCE)")],
            },
            ..sql(
                "m20260101_000001_another_database",
                "ALTER TABLE customers ADD COLUMN ledger text",
                "ALTER TABLE customers DROP COLUMN ledger",
            )
        }],
        "reindex-concurrently" => vec![sql(
            "m20260101_000001_reindex",
            "REINDEX TABLE CONCURRENTLY orders",
            "SELECT 1",
        )],
        "outside-of-transaction" => vec![Sql {
            transaction: Some(false),
            ..sql(
                "m20260101_000001_outside",
                "CREATE INDEX CONCURRENTLY orders_placed_idx ON orders (placed_at)",
                "DROP INDEX CONCURRENTLY orders_placed_idx",
            )
        }],
        other => panic!("KIND is {other}"),
    }
}

fn sql(name: &'static str, up: &str, down: &str) -> Sql {
    Sql { name, up: vec![up.into()], down: Some(vec![down.into()]), transaction: None, elsewhere: Elsewhere::default() }
}

fn without_down(name: &'static str, up: &str) -> Sql {
    Sql { name, up: vec![up.into()], down: None, transaction: None, elsewhere: Elsewhere::default() }
}
