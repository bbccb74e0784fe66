use std::env;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::error::Error;

type Answer = Result<Json<Value>, Error>;

pub fn router(pool: PgPool) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/version", get(version))
        .route("/customers", get(customers))
        .route("/customers/{id}", get(customer))
        .route("/staff", get(staff))
        .route("/stats", get(stats))
        .route("/orders", post(place_order))
        .with_state(pool)
}

async fn health(State(pool): State<PgPool>) -> Answer {
    sqlx::query("SELECT 1").execute(&pool).await?;
    Ok(Json(json!({ "status": "ok" })))
}

/// The version of the image, and the newest migration that its database has seen.
async fn version(State(pool): State<PgPool>) -> Answer {
    let migration: Option<String> = sqlx::query_scalar("SELECT max(version) FROM seaql_migrations")
        .fetch_one(&pool)
        .await?;
    let version = env::var("SHOP_VERSION").unwrap_or_else(|_| "unknown".to_owned());
    Ok(Json(json!({ "version": version, "migration": migration })))
}

#[derive(Deserialize)]
struct Page {
    limit: Option<i64>,
    offset: Option<i64>,
}

async fn customers(State(pool): State<PgPool>, Query(page): Query<Page>) -> Answer {
    const SQL: &str = "
        SELECT json_build_object(
            'total', (SELECT count(*) FROM customers),
            'customers', coalesce((SELECT json_agg(c ORDER BY c.id) FROM (
                SELECT id, full_name, email, phone, birth_date, company, city, country, aliases, created_at
                FROM customers ORDER BY id LIMIT $1 OFFSET $2
            ) c), '[]'))";
    let limit = page.limit.unwrap_or(50).clamp(0, 500);
    let offset = page.offset.unwrap_or(0).max(0);
    Ok(Json(
        sqlx::query_scalar(SQL)
            .bind(limit)
            .bind(offset)
            .fetch_one(&pool)
            .await?,
    ))
}

async fn customer(State(pool): State<PgPool>, Path(id): Path<i64>) -> Answer {
    const SQL: &str = "
        SELECT to_jsonb(c) - 'search' || jsonb_build_object(
            'addresses', coalesce((
                SELECT jsonb_agg(to_jsonb(a) - 'customer_id' ORDER BY a.id)
                FROM addresses a WHERE a.customer_id = c.id), '[]'),
            'orders', coalesce((
                SELECT jsonb_agg(to_jsonb(o) - 'customer_id' || jsonb_build_object('items', coalesce((
                    SELECT jsonb_agg(to_jsonb(i) - 'order_id' ORDER BY i.line)
                    FROM order_items i WHERE i.order_id = o.id), '[]')) ORDER BY o.id)
                FROM orders o WHERE o.customer_id = c.id), '[]'))
        FROM customers c WHERE c.id = $1";
    let found: Option<Value> = sqlx::query_scalar(SQL)
        .bind(id)
        .fetch_optional(&pool)
        .await?;
    found.map(Json).ok_or(Error::NotFound("customer"))
}

#[derive(Deserialize)]
struct Department {
    department: Option<String>,
}

/// Row level security shows the department that `shop.department` names, nobody without it.
async fn staff(State(pool): State<PgPool>, Query(query): Query<Department>) -> Answer {
    const SQL: &str = "
        SELECT json_build_object('staff', coalesce(json_agg(json_build_object(
            'id', id, 'first_name', first_name, 'last_name', last_name, 'email', email,
            'department', department) ORDER BY id), '[]'))
        FROM staff";
    let mut transaction = pool.begin().await?;
    sqlx::query("SELECT set_config('shop.department', $1, true)")
        .bind(query.department.unwrap_or_default())
        .execute(&mut *transaction)
        .await?;
    Ok(Json(
        sqlx::query_scalar(SQL).fetch_one(&mut *transaction).await?,
    ))
}

async fn stats(State(pool): State<PgPool>) -> Answer {
    const SQL: &str = "
        SELECT json_build_object(
            'tables', json_build_object(
                'customers', (SELECT count(*) FROM customers),
                'addresses', (SELECT count(*) FROM addresses),
                'orders', (SELECT count(*) FROM orders),
                'order_items', (SELECT count(*) FROM order_items),
                'payments', (SELECT count(*) FROM payments),
                'support_tickets', (SELECT count(*) FROM support_tickets),
                'audit_log', (SELECT count(*) FROM audit_log)),
            'revenue_cents', (SELECT coalesce(sum(revenue_cents), 0) FROM city_revenue),
            'cities', (SELECT count(*) FROM city_revenue),
            'top_cities', coalesce((SELECT json_agg(r) FROM (
                SELECT city, customers, orders, revenue_cents, top_customer
                FROM city_revenue ORDER BY revenue_cents DESC, city LIMIT 8) r), '[]'))";
    Ok(Json(sqlx::query_scalar(SQL).fetch_one(&pool).await?))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewOrder {
    customer_id: i64,
    gift_message: Option<String>,
    items: Vec<NewItem>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewItem {
    sku: String,
    product_name: String,
    quantity: i32,
    unit_price_cents: i32,
}

async fn place_order(
    State(pool): State<PgPool>,
    Json(order): Json<NewOrder>,
) -> Result<(StatusCode, Json<Value>), Error> {
    if order.items.is_empty() {
        return Err(Error::Invalid(
            "an order needs at least one item".to_owned(),
        ));
    }
    let mut total = 0i32;
    for item in &order.items {
        if item.quantity <= 0 || item.unit_price_cents < 0 {
            return Err(Error::Invalid(format!(
                "{}: quantity must be above 0, price not below 0",
                item.sku
            )));
        }
        total = item
            .quantity
            .checked_mul(item.unit_price_cents)
            .and_then(|cents| total.checked_add(cents))
            .ok_or_else(|| Error::Invalid("the total is too large".to_owned()))?;
    }

    let mut transaction = pool.begin().await?;
    let id: Option<i64> = sqlx::query_scalar(
        "INSERT INTO orders (customer_id, customer_name, customer_email, status, total_cents, gift_message, ship_to)
         SELECT id, full_name, email, 'paid', $2, $3,
                jsonb_build_object('name', full_name, 'street', street, 'postcode', postcode, 'city', city)
         FROM customers WHERE id = $1
         RETURNING id",
    )
    .bind(order.customer_id)
    .bind(total)
    .bind(&order.gift_message)
    .fetch_optional(&mut *transaction)
    .await?;
    let id = id.ok_or(Error::NotFound("customer"))?;

    for (line, item) in (1i16..).zip(&order.items) {
        sqlx::query(
            "INSERT INTO order_items (order_id, line, sku, product_name, quantity, unit_price_cents)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(id)
        .bind(line)
        .bind(&item.sku)
        .bind(&item.product_name)
        .bind(item.quantity)
        .bind(item.unit_price_cents)
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({ "id": id, "totalCents": total })),
    ))
}
