-- Which cluster answers: within one, an oid is one thing for ever. A standby has its primary's.
SELECT system_identifier::text AS system FROM pg_control_system()
