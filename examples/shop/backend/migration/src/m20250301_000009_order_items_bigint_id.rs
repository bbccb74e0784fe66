//! `order_items.id` outgrows integer. Rewrites the table and its indexes under ACCESS EXCLUSIVE, and so
//! does `down`.

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
ALTER TABLE order_items ALTER COLUMN id TYPE bigint;
";

const DOWN: &str = "
ALTER TABLE order_items ALTER COLUMN id TYPE integer;
";
