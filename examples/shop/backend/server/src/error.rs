use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// What a handler answers when it has no result.
pub enum Error {
    NotFound(&'static str),
    Invalid(String),
    Database(sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Error::Database(error)
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Error::NotFound(what) => (StatusCode::NOT_FOUND, format!("no such {what}")),
            Error::Invalid(why) => (StatusCode::BAD_REQUEST, why),
            Error::Database(error) => {
                eprintln!("database: {error}");
                (
                    StatusCode::SERVICE_UNAVAILABLE,
                    format!("the database did not answer: {error}"),
                )
            }
        };
        (status, Json(json!({ "error": message }))).into_response()
    }
}
