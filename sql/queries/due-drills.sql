-- Persistent stacks with a good backup whose last drill is longer ago than their project wishes.
SELECT s.name FROM stacks s JOIN projects p ON p.name = s.project
WHERE s.kind = 'persistent' AND p.deployment ? 'drillEveryHours'
AND EXISTS (SELECT FROM backups b WHERE b.stack = s.name AND b.state IN ('taken', 'verified') AND b.purpose <> 'failed-state'
  AND b.content IS NOT NULL)
AND NOT EXISTS (SELECT FROM drills d WHERE d.stack = s.name
  AND d.created_at > now() - make_interval(hours => (p.deployment ->> 'drillEveryHours')::int))
