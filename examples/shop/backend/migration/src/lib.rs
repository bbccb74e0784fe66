//! The shop's migrations. Without features: what production has applied. The features `v1`, `v2` and
//! `enum-in-one-up` each add to the one before; a release is built with one of them.

use sea_orm_migration::prelude::*;

mod m20250101_000001_customers;
mod m20250101_000002_addresses;
mod m20250101_000003_orders;
mod m20250101_000004_payments;
mod m20250101_000005_staff_and_support;
mod m20250101_000006_audit_log;
mod m20250101_000007_city_revenue;
#[cfg(feature = "v1")]
mod m20250201_000008_customers_locale;
#[cfg(feature = "v2")]
mod m20250301_000009_order_items_bigint_id;
#[cfg(feature = "v2")]
mod m20250301_000010_orders_placed_at_index;
#[cfg(feature = "v2")]
mod m20250301_000011_customer_notes;
#[cfg(feature = "v2")]
mod m20250301_000012_orders_currency;
#[cfg(feature = "enum-in-one-up")]
mod m20250301_000013_order_status_returned;
#[cfg(feature = "enum-in-one-up")]
mod m20250301_000014_mark_returned_orders;

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20250101_000001_customers::Migration),
            Box::new(m20250101_000002_addresses::Migration),
            Box::new(m20250101_000003_orders::Migration),
            Box::new(m20250101_000004_payments::Migration),
            Box::new(m20250101_000005_staff_and_support::Migration),
            Box::new(m20250101_000006_audit_log::Migration),
            Box::new(m20250101_000007_city_revenue::Migration),
            #[cfg(feature = "v1")]
            Box::new(m20250201_000008_customers_locale::Migration),
            #[cfg(feature = "v2")]
            Box::new(m20250301_000009_order_items_bigint_id::Migration),
            #[cfg(feature = "v2")]
            Box::new(m20250301_000010_orders_placed_at_index::Migration),
            #[cfg(feature = "v2")]
            Box::new(m20250301_000011_customer_notes::Migration),
            #[cfg(feature = "v2")]
            Box::new(m20250301_000012_orders_currency::Migration),
            #[cfg(feature = "enum-in-one-up")]
            Box::new(m20250301_000013_order_status_returned::Migration),
            #[cfg(feature = "enum-in-one-up")]
            Box::new(m20250301_000014_mark_returned_orders::Migration),
        ]
    }
}
