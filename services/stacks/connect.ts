import type pg from 'pg';
import { connectDatabase, untilItAnswers } from '../clones/connect.ts';
import type { StackPlan } from '../compose/plan.ts';
import { stoppedFromOutside } from '../engine/away.ts';
import { type Host, ifPresent } from '../engine/host.ts';
import { databaseService } from './database-service.ts';
import { containerNameOf } from './names.ts';

/** Connects to a stack's database as superuser. One that its engine took down with itself is started first. */
export async function connectStack(host: Host, stack: string, plan: StackPlan): Promise<pg.Client> {
  const database = databaseService(plan)!;
  const name = containerNameOf(host.installation, stack, database.name);
  const container = host.docker.getContainer(name);
  const { State: state } = await container.inspect();
  if (state.Status === 'exited' && stoppedFromOutside(state)) {
    await ifPresent(container.start());
    await untilItAnswers(host, name);
  }
  return connectDatabase(host, name, database, plan.greenroom.database!.name);
}
