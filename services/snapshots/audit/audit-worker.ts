import { parentPort, workerData } from 'node:worker_threads';
import { CopyOut, eachRow } from '../../sources/copy-out.ts';
import { withoutValues } from '../../sources/errors.ts';
import { connectLogin, type TargetLogin } from '../capture/login.ts';
import { createFields, isHex, isNull, splitFields, unescapeField } from './copy-fields.ts';
import { createInFlight } from './in-flight.ts';
import type { NumbersSeen } from './numbers-seen.ts';
import { createSearch } from './search.ts';
import type { AuditSetup } from './setup.ts';
import { lexemes } from './tsvector.ts';

/** What a searching thread is started with. */
export interface SearchInput {
  setup: AuditSetup;
  target: TargetLogin;
  database: string;
}

/** A relation, or a part of a large one, read by COPY. */
export interface SearchTask {
  relation: string;
  copy: string;
  /** The number of each column as a place, and whether it is a tsvector, or a date or time. */
  columns: { place: number; vector: boolean; isMoment: boolean }[];
}

/** Of one task. `words`, `values` and `numbers` by column. */
export interface SearchCounts {
  rows: number;
  bytes: number;
  values: number[];
  words: number[];
  numbers: (NumbersSeen | undefined)[];
}

export type SearchMessage =
  | { type: 'ready' }
  | { type: 'candidates'; candidates: Uint32Array<ArrayBuffer> }
  | { type: 'done'; task: number; counts: SearchCounts }
  | { type: 'failed'; task?: number; message: string };

const port = parentPort!;
const input = workerData as SearchInput;
const send = (message: SearchMessage, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
const inFlight = createInFlight(input.setup.inFlight);
const onFull = (candidates: Uint32Array<ArrayBuffer>) => {
  inFlight.send(candidates.byteLength);
  send({ type: 'candidates', candidates }, [candidates.buffer]);
};

/** The forms of values are those that the rows were read in at the source. */
const forms = `SET DateStyle = 'ISO, MDY'; SET TimeZone = 'UTC'; SET lc_monetary = 'C'; SET client_encoding = 'UTF8'; SET bytea_output = 'hex'`;

async function main(): Promise<void> {
  const client = await connectLogin(input.target, input.database);
  await client.query(forms);
  const search = createSearch(input.setup, onFull);
  const fields = createFields();

  const row = (bytes: Buffer, start: number, end: number, { columns }: SearchTask, counts: SearchCounts) => {
    counts.rows++;
    const count = splitFields(fields, bytes, start, end, columns.length);
    for (let index = 0; index < count; index++) {
      const fieldStart = fields.starts[index]!;
      const fieldEnd = fields.ends[index]!;
      if (isNull(bytes, fieldStart, fieldEnd)) continue;
      const { place, vector, isMoment } = columns[index]!;
      counts.values[index]!++;
      // The one escape of a bytea is that of its first character.
      if (fields.escaped[index] && isHex(bytes, fieldStart + 1, fieldEnd)) {
        counts.words[index]! += search.value(bytes, fieldStart + 1, fieldEnd, place);
        continue;
      }
      if (!vector && !fields.escaped[index]) {
        counts.words[index]! += search.value(bytes, fieldStart, fieldEnd, place, isMoment);
        continue;
      }
      let value = unescapeField(bytes, fieldStart, fieldEnd);
      if (vector) value = Buffer.from(lexemes(value.toString('utf8')));
      counts.words[index]! += search.value(value, 0, value.length, place);
    }
  };

  port.on('message', async (message: { index: number; task: SearchTask } | 'end') => {
    if (message === 'end') {
      const rest = search.candidates.take();
      if (rest.length > 0) onFull(rest);
      await client.end();
      port.close();
      return;
    }
    const { index, task } = message;
    const none = () => task.columns.map(() => 0);
    const counts: SearchCounts = { rows: 0, bytes: 0, values: none(), words: none(), numbers: [] };
    try {
      for await (const chunk of client.query(new CopyOut(task.copy)) as AsyncIterable<Buffer>) {
        eachRow(chunk, (start, end) => {
          counts.bytes += end - start;
          row(chunk, start, end, task, counts);
        });
      }
      const numbers = search.takeNumbers();
      counts.numbers = task.columns.map(({ place }) => numbers[place]);
      send({ type: 'done', task: index, counts });
    } catch (error) {
      send({ type: 'failed', task: index, message: withoutValues(error) });
    }
  });
  send({ type: 'ready' });
}

main().catch((error) => send({ type: 'failed', message: withoutValues(error) }));
