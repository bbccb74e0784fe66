use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, Database};

mod kinds;

struct Step(kinds::Sql);
struct StepWithoutDown(kinds::Sql);
struct Applied(&'static str);

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.0.name
    }
}
impl MigrationName for StepWithoutDown {
    fn name(&self) -> &str {
        self.0.name
    }
}
impl MigrationName for Applied {
    fn name(&self) -> &str {
        self.0
    }
}

async fn run(manager: &SchemaManager<'_>, texts: &[String]) -> Result<(), DbErr> {
    for text in texts {
        manager.get_connection().execute_unprepared(text).await?;
    }
    Ok(())
}

/// As somebody does who keeps two databases in step: connections of the migration's own, outside of its transaction.
async fn run_elsewhere(texts: &[(&str, &str)]) -> Result<(), DbErr> {
    for (database, text) in texts {
        let url = std::env::var("DATABASE_URL").unwrap_or_default();
        let (server, _) = url.rsplit_once('/').unwrap_or_default();
        let connection = Database::connect(format!("{server}/{database}")).await?;
        connection.execute_unprepared(text).await?;
        connection.close().await?;
    }
    Ok(())
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run_elsewhere(&self.0.elsewhere.up).await?;
        run(manager, &self.0.up).await
    }
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run_elsewhere(&self.0.elsewhere.down).await?;
        run(manager, self.0.down.as_deref().unwrap_or_default()).await
    }
    #[cfg(feature = "seaorm-2")]
    fn use_transaction(&self) -> Option<bool> {
        self.0.transaction
    }
}

#[async_trait::async_trait]
impl MigrationTrait for StepWithoutDown {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &self.0.up).await
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Applied {
    async fn up(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}

struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all: Vec<Box<dyn MigrationTrait>> = Vec::new();
        for name in kinds::PRODUCTION {
            all.push(Box::new(Applied(name)));
        }
        for sql in kinds::chosen() {
            if sql.down.is_some() {
                all.push(Box::new(Step(sql)));
            } else {
                all.push(Box::new(StepWithoutDown(sql)));
            }
        }
        all
    }
}

#[tokio::main]
async fn main() {
    cli::run_cli(Migrator).await;
}
