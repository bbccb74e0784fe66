//! The shop's JSON API. Its queries work with every schema from v0 to v2.

mod error;
mod healthcheck;
mod routes;

use std::{env, str::FromStr};

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::{net::TcpListener, signal::unix};

const PORT: u16 = 4000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    if env::args().nth(1).as_deref() == Some("healthcheck") {
        return healthcheck::run(PORT).await;
    }

    let url = env::var("DATABASE_URL").map_err(|_| "DATABASE_URL is not set")?;
    let schema = env::var("DATABASE_SCHEMA").unwrap_or_else(|_| "shop".to_owned());
    let options = PgConnectOptions::from_str(&url)?
        .application_name("shop-backend")
        .options([("search_path", schema)]);
    // Lazy: a database that is not there yet is for /health to report, not a reason to exit.
    let pool = PgPoolOptions::new()
        .max_connections(5)
        .connect_lazy_with(options);

    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    println!("backend listens on port {PORT}");
    axum::serve(listener, routes::router(pool))
        .with_graceful_shutdown(told_to_stop())
        .await?;
    Ok(())
}

async fn told_to_stop() {
    let mut term = unix::signal(unix::SignalKind::terminate()).expect("SIGTERM can be handled");
    let mut int = unix::signal(unix::SignalKind::interrupt()).expect("SIGINT can be handled");
    tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
}
