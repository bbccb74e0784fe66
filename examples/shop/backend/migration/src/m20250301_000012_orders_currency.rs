//! Every order gets a currency. The UPDATE writes each row anew and the NOT NULL scans the table once
//! more, all while the locks of the migrations before it are still held.

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
ALTER TABLE orders ADD COLUMN currency text;
UPDATE orders SET currency = 'EUR';
ALTER TABLE orders ALTER COLUMN currency SET DEFAULT 'EUR', ALTER COLUMN currency SET NOT NULL;
";

const DOWN: &str = "
ALTER TABLE orders DROP COLUMN currency;
";
