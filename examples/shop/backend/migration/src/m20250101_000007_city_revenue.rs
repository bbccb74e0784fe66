//! Revenue per city with the name of the best customer: a copy of personal data that nobody thinks of
//! when the tables below it are masked.

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
CREATE MATERIALIZED VIEW city_revenue AS
WITH spending AS (
    SELECT c.id, c.city, c.full_name, count(o.id) AS orders, coalesce(sum(o.total_cents), 0)::bigint AS cents
    FROM customers c LEFT JOIN orders o ON o.customer_id = c.id
    GROUP BY c.id
)
SELECT city,
       count(*) AS customers,
       sum(orders)::bigint AS orders,
       sum(cents)::bigint AS revenue_cents,
       (array_agg(full_name ORDER BY cents DESC, id))[1] AS top_customer
FROM spending
GROUP BY city;
CREATE UNIQUE INDEX city_revenue_city_idx ON city_revenue (city);
";

const DOWN: &str = "
DROP MATERIALIZED VIEW city_revenue;
";
