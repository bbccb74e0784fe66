//! A new order status. It cannot be used before it is committed, see the next migration.
//! `down` does nothing: Postgres cannot take an enum's value back, and an unused one does no harm.

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
ALTER TYPE order_status ADD VALUE IF NOT EXISTS 'returned' AFTER 'delivered';
";

const DOWN: &str = "
SELECT 1;
";
