//! Payments, by card or by direct debit.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(UP).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await?;
        Ok(())
    }
}

const UP: &str = "
CREATE TABLE payments (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    order_id     bigint NOT NULL REFERENCES orders (id),
    method       text NOT NULL CHECK (method IN ('card', 'debit')),
    holder_name  text NOT NULL,
    iban         text CHECK (iban ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}$'),
    card_number  text CHECK (card_number ~ '^[0-9]{13,19}$'),
    card_last4   text GENERATED ALWAYS AS (right(card_number, 4)) STORED,
    amount_cents integer NOT NULL CHECK (amount_cents >= 0),
    provider_ref text NOT NULL UNIQUE,
    paid_at      timestamptz NOT NULL DEFAULT now(),
    CHECK ((method = 'card') = (card_number IS NOT NULL)),
    CHECK ((method = 'debit') = (iban IS NOT NULL))
);
CREATE INDEX payments_order_id_idx ON payments (order_id);
";

const DOWN: &str = "
DROP TABLE payments;
";
