import { captureInstead, dumpDamaged, dumpInvalid } from './errors.ts';

/** The rows of one COPY of a plain dump. */
export interface Rows {
  /** The statement that they follow. */
  copy: string;
  /** Bytes of the file: the first of the rows, and the one after the line `\.` that ends them. */
  from: number;
  to: number;
}

/** A script as pg_dump and pg_restore write it. */
export interface Script {
  /** All but COPY, each to the semicolon that ends it. */
  statements: string[];
  rows: Rows[];
  /** The comments outside of statements, one a line. */
  comments: string[];
  /** Whether nothing but comments comes after pg_dump's last line. */
  complete: boolean;
}

/** More than the definitions of any database; rows that are INSERTs come to it soon. */
const maxBytes = 128 << 20;
/** A partition has some ten. What is kept of each lies in memory. */
const maxStatements = 1_000_000;
/** What is kept of one is larger. */
export const maxTables = 100_000;
const maxLineBytes = 16 << 20;
/** What the parser makes of a list of numbers is 140 times as large, 270 MB of this. */
const maxStatementBytes = 2 << 20;
const newline = 0x0a;
const endOfRows = Buffer.from('\\.\n');

/**
 * Reads a script to its end and takes it apart, running nothing of it. Rows are passed over.
 * @throws Problem `dump-invalid` for a command of psql's, and for rows without an end
 */
export async function readScript(chunks: AsyncIterable<Buffer>): Promise<Script> {
  const script: Script = { statements: [], rows: [], comments: [], complete: false };
  const lexer = createLexer(script);
  /** Not looked at yet, and where in the file that begins. */
  let rest: Buffer = Buffer.alloc(0);
  let offset = 0;
  let current: Rows | undefined;
  let sqlBytes = 0;
  const drop = (bytes: number) => {
    rest = rest.subarray(bytes);
    offset += bytes;
  };
  const readLine = (end: number) => {
    sqlBytes += end;
    if (sqlBytes > maxBytes) {
      throw dumpInvalid(`it holds more than ${maxBytes >> 20} MB beside the rows of COPY; are its rows INSERTs?`);
    }
    const copy = lexer(rest.toString('latin1', 0, end));
    drop(end);
    if (copy !== undefined) current = { copy, from: offset, to: offset };
  };
  for await (const chunk of chunks) {
    rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    for (;;) {
      if (current) {
        const end = endIn(rest, offset === current.from);
        if (end < 0) {
          // The line that ends them may come in two pieces.
          if (rest.length > endOfRows.length) drop(rest.length - endOfRows.length);
          break;
        }
        drop(end);
        script.rows.push({ ...current, to: offset });
        current = undefined;
      } else {
        const end = rest.indexOf(newline);
        if (end < 0) {
          if (rest.length > maxLineBytes) throw dumpInvalid(`it holds a line of more than ${maxLineBytes >> 20} MB`);
          break;
        }
        readLine(end + 1);
      }
    }
  }
  if (current) throw dumpDamaged('it ends in the middle of the rows of a table', current.copy.slice(0, 100));
  if (rest.length > 0) readLine(rest.length);
  if (lexer('') !== undefined || !lexer.isBetween()) throw dumpDamaged('it ends in the middle of a statement');
  return script;
}

/** Where the line ends that ends the rows; -1: not in here. @param atStart the rows begin with these bytes */
export function endIn(bytes: Buffer, atStart: boolean): number {
  let at = bytes.indexOf(endOfRows);
  while (at >= 0 && !(at === 0 ? atStart : bytes[at - 1] === newline)) at = bytes.indexOf(endOfRows, at + 1);
  return at < 0 ? -1 : at + endOfRows.length;
}

interface Lexer {
  /** Takes a line, byte for byte as characters. @returns the statement COPY … FROM stdin that it ended */
  (line: string): string | undefined;
  isBetween(): boolean;
}

/** Knows where statements end: quotes, dollar quotes and comments may hold semicolons, backslashes and COPY. */
function createLexer(script: Script): Lexer {
  let piece = '';
  /** What is open: a quote ('…', E'…' as e, "…"), a dollar quote by its tag, or so many comments. */
  let open: string | number | undefined;
  let lines = 0;
  let nesting = createNesting();

  const lex = (line: string): string | undefined => {
    lines += 1;
    let copy: string | undefined;
    for (let at = 0; at < line.length; ) {
      const from = at;
      if (open === undefined) {
        const next = nextOf(line, at, nesting.pass);
        if (next === undefined) at = line.length;
        else {
          at = next.end;
          if (next.token === '--') {
            add(line.slice(from, next.start));
            if (piece === '') comment(line.slice(next.end).trim());
            add('\n');
            return copy;
          }
          if (next.token === '\\') {
            if (piece === '' && /^\\(un)?restrict [A-Za-z0-9]+\n?$/.test(line)) return undefined;
            throw metaCommand(line.slice(next.start), lines);
          }
          if (next.token === ';' && nesting.isOutermost()) {
            copy = end(line.slice(from, at));
            continue;
          }
          if (next.token !== ';') open = next.token === '/*' ? 1 : next.token;
        }
      } else at = closed(line, at);
      add(line.slice(from, at));
    }
    return copy;
  };

  /** A statement begins with its first word. */
  const add = (text: string) => {
    piece += piece === '' ? text.trimStart() : text;
    if (piece.length > maxStatementBytes) {
      throw dumpInvalid(
        `a statement of it has more than ${maxStatementBytes >> 20} MB`,
        captureInstead,
        `line ${lines}`,
      );
    }
  };

  const comment = (text: string) => {
    script.comments.push(Buffer.from(text, 'latin1').toString('utf8'));
    if (text === 'PostgreSQL database dump complete') script.complete = true;
  };

  const end = (last: string): string | undefined => {
    add(last);
    const text = Buffer.from(piece, 'latin1').toString('utf8').trim();
    piece = '';
    nesting = createNesting();
    script.complete = false;
    if (/^COPY\s.*\sFROM\s+stdin\s*;$/is.test(text)) {
      if (script.rows.length === maxTables) throw tooMany(`the rows of more than ${maxTables} tables`);
      return text;
    }
    if (script.statements.push(text) > maxStatements) throw tooMany(`more than ${maxStatements} statements`);
    return undefined;
  };

  /** Where in the line what is open is closed. */
  const closed = (line: string, from: number): number => {
    if (typeof open === 'number') {
      const marks = /\/\*|\*\//g;
      marks.lastIndex = from;
      const mark = marks.exec(line);
      if (!mark) return line.length;
      open += mark[0] === '/*' ? 1 : -1;
      if (open === 0) open = undefined;
      return marks.lastIndex;
    }
    const closing = open === 'e' ? /\\[\s\S]|''|'/g : open === '"' ? /"/g : open === "'" ? /'/g : undefined;
    if (!closing) {
      const at = line.indexOf(open!, from);
      if (at < 0) return line.length;
      const past = at + open!.length;
      open = undefined;
      return past;
    }
    closing.lastIndex = from;
    for (let match = closing.exec(line); match; match = closing.exec(line)) {
      // Elsewhere a doubled quote opens it anew at once, which comes to the same.
      if (match[0].length > 1) continue;
      open = undefined;
      return closing.lastIndex;
    }
    return line.length;
  };

  return Object.assign(lex, { isBetween: () => open === undefined && piece === '' });
}

interface Nesting {
  /** Takes a word, or a parenthesis. */
  pass(token: string): void;
  /** Whether a semicolon here ends the statement. */
  isOutermost(): boolean;
}

/**
 * Within parentheses, and from BEGIN ATOMIC to its END in the body of a function, semicolons are a statement's own: how psql
 * tells them apart (psqlscan.l, since Postgres 14), but for BEGIN alone, which may be a function's name.
 */
function createNesting(): Nesting {
  const head: string[] = [];
  let last = '';
  let parentheses = 0;
  let blocks = 0;
  const isRoutine = () => /^create (or replace )?(function|procedure)\b/.test(head.join(' '));
  return {
    pass(token) {
      if (token === '(') parentheses += 1;
      else if (token === ')') parentheses = Math.max(0, parentheses - 1);
      else {
        const word = token.toLowerCase();
        if (head.length < 4) head.push(word);
        if (parentheses === 0) {
          if (blocks === 0 && word === 'atomic' && last === 'begin' && isRoutine()) blocks = 1;
          else if (blocks > 0 && word === 'case') blocks += 1;
          else if (blocks > 0 && word === 'end') blocks -= 1;
        }
        last = word;
      }
    },
    isOutermost: () => parentheses === 0 && blocks === 0,
  };
}

/** The next token outside of quotes that matters; words and parentheses are passed. A quote after E is one of the escaping kind. */
function nextOf(
  line: string,
  from: number,
  pass: Nesting['pass'],
): { token: string; start: number; end: number } | undefined {
  const tokens = /--|\/\*|[;"\\()]|[A-Za-z_\x80-\xff][\w$\x80-\xff]*'?|'|\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$/g;
  tokens.lastIndex = from;
  for (let match = tokens.exec(line); match; match = tokens.exec(line)) {
    let [token] = match;
    const isWord = /^[A-Za-z_\x80-\xff]/.test(token);
    if (token === '(' || token === ')' || (isWord && !token.endsWith("'"))) {
      pass(token);
      continue;
    }
    if (isWord) token = /^e'$/i.test(token) ? 'e' : "'";
    return { token, start: match.index, end: tokens.lastIndex };
  }
  return undefined;
}

export function tooMany(what: string): Error {
  return dumpInvalid(`it holds ${what}`, captureInstead);
}

function metaCommand(text: string, line: number): Error {
  const command = /^\\[\w!?]+/.exec(text)?.[0] ?? '\\';
  const remedy =
    command === '\\connect'
      ? 'Make it without --create; pg_dump of one database, not pg_dumpall.'
      : 'pg_dump writes none. Make it with pg_dump --format=custom, then send it again.';
  return dumpInvalid(`it holds ${command}, a command that only psql knows`, remedy, `line ${line}`);
}
