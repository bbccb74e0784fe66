-- What a project wants of its rehearsals: statements that run among the migrations.
ALTER TABLE projects ADD COLUMN rehearsal jsonb NOT NULL DEFAULT '{}';
