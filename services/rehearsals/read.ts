import type { Database } from '../database/queries.ts';
import { Problem } from '../errors.ts';
import { getRunRow } from '../migrations/runs.ts';
import { policyOf } from '../readiness/policy.ts';
import { suppress, today } from './findings/findings.ts';
import type { Rehearsed } from './render/summary.ts';
import type { RehearsalReport } from './report.ts';

/** A rehearsal with its report, what the project accepts marked. @throws Problem `not-found`, `conflict` without one */
export async function getRehearsal(database: Database, run: string): Promise<Rehearsed> {
  const row = await getRunRow(database, run);
  if (row.kind !== 'rehearsal' || !row.report) {
    throw new Problem('conflict', `Migration run ${run} is a ${row.kind} that is ${row.state}: it has no such report`, {
      where: run,
      remedy:
        row.kind === 'rehearsal'
          ? 'Wait until it has passed or failed.'
          : 'GET /v1/migration-runs?kind=rehearsal lists those that have.',
    });
  }
  const report = row.report as unknown as RehearsalReport;
  if (!report.findings) {
    throw new Problem('conflict', `Migration run ${run} was rehearsed by an older greenroom, whose report is another`, {
      where: run,
      remedy: 'GET /v1/migration-runs/RUN shows it; rehearse again for this one.',
    });
  }
  const { acceptedFindings } = await policyOf(database, row.project);
  return {
    ...{ id: row.id, project: row.project, version: row.release.version, snapshot: row.snapshot ?? '' },
    finishedAt: row.finished_at!.toISOString(),
    report: { ...report, findings: suppress(report.findings, acceptedFindings, today()) },
  };
}
