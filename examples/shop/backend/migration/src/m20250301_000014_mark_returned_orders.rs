//! Paid orders that were cancelled become returned ones. Passes when the migrations run one by one.
//! In a single `up`, SeaORM 1.1's one transaction, Postgres refuses: "unsafe use of new value". On an
//! empty database it passes even so, because there the type itself is as new as its value.

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
UPDATE orders SET status = 'returned'
WHERE status = 'cancelled' AND EXISTS (SELECT FROM payments p WHERE p.order_id = orders.id);
";

const DOWN: &str = "
UPDATE orders SET status = 'cancelled' WHERE status = 'returned';
";
