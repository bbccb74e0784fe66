import { parentPort, workerData } from 'node:worker_threads';
import { connectDocker } from '../../engine/host.ts';
import { Problem, type ProblemDocument } from '../../errors.ts';
import { readArchive } from './archive.ts';
import type { Contents, Taken } from './contents.ts';
import { dumpInvalid } from './errors.ts';
import type { DumpFormat } from './format.ts';
import { readPlain } from './plain.ts';
import { type Statement, statementOf } from './statements.ts';

/** What the thread is told. */
export interface ReadInput {
  container: string;
  format: DumpFormat;
}

export type ReadMessage =
  | { type: 'statements'; statements: Statement[]; total: number }
  | { type: 'contents'; contents: Omit<Contents, 'statements'> }
  | { type: 'problem'; problem: ProblemDocument };

const port = parentPort!;
const send = (message: ReadMessage) => port.postMessage(message);
/** What greenroom takes in between two answers of its API: some milliseconds. */
const statementsAtOnce = 1000;
const needsText = new Set<Statement['fate']>(['run', 'declare', 'grant', 'extension']);
const charactersAtOnce = 1 << 20;

/** Takes a dump apart and says what is to become of each statement, one syntax tree at a time. */
async function main({ container, format }: ReadInput): Promise<void> {
  const read = format === 'plain' ? readPlain : readArchive;
  const { statements: texts, ...contents } = await read({ host: { docker: connectDocker() }, container }, format);
  refuseEncoding(texts);
  let statements: Statement[] = [];
  let characters = 0;
  const hand = () => {
    send({ type: 'statements', statements, total: texts.length });
    statements = [];
    characters = 0;
  };
  for (const text of texts) {
    const statement = statementOf(text);
    statements.push(needsText.has(statement.fate) ? statement : { ...statement, text: '' });
    characters += text.length;
    if (statements.length === statementsAtOnce || characters > charactersAtOnce) hand();
  }
  hand();
  send({ type: 'contents', contents });
}

/** Rows are masked as UTF-8, and a dump's are as they were written. */
function refuseEncoding(texts: Taken['statements']): void {
  const encoding = texts.map((text) => /^SET client_encoding = '(.*)';$/.exec(text)?.[1]).find(Boolean);
  if (encoding === undefined || encoding === 'UTF8') return;
  throw dumpInvalid(`its text is encoded in ${encoding}`, 'Make it with pg_dump --encoding=UTF8.');
}

main(workerData as ReadInput).catch((error) => {
  // What is no Problem ends the thread with it.
  if (!(error instanceof Problem)) throw error;
  send({ type: 'problem', problem: error.toDocument() });
});
