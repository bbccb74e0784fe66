-- How often the process ended in the middle of a step.
ALTER TABLE operation_steps ADD COLUMN interruptions integer NOT NULL DEFAULT 0;
