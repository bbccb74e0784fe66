//! An index without CONCURRENTLY: nobody can write to `orders` until the whole `up` has committed.
//! (In one transaction, as SeaORM 1.1 runs it, CONCURRENTLY would be refused.)

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
CREATE INDEX orders_customer_placed_at_idx ON orders (customer_id, placed_at DESC);
";

const DOWN: &str = "
DROP INDEX orders_customer_placed_at_idx;
";
