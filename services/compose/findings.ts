import { type Mistake, Problem } from '../errors.ts';
import { limits } from './limits.ts';
import type { Replacement } from './plan.ts';

/** What one loading of a bundle finds: mistakes, and what was replaced. */
export interface Findings {
  readonly replaced: Replacement[];
  /** `where` is a path such as `services.db.ports[0]`, or `file:line:column`. */
  mistake(where: string, what: string, remedy?: string): void;
  replace(where: string, what: string): void;
  /** Remembers that `path` is written at `place` (`file:line:column`). */
  place(path: string, place: string): void;
  /** Counts produced text against the limit; throws at once when it is exceeded. */
  spend(chars: number, where: string): void;
  /** Counts a Compose file that is read, and the length of what is parsed; throws at once when it is too much. */
  load(where: string, chars: number): void;
  /** Counts files that are put into a container; throws at once when there are too many, or too much is in them. */
  mount(contents: readonly string[], where: string): void;
  /** Throws `compose-invalid` with every mistake found so far, if there is one. */
  settle(): void;
}

/** Throws a `compose-invalid` problem that lists the mistakes. */
export function refuse(mistakes: Mistake[]): never {
  const [first] = mistakes;
  const detail =
    mistakes.length === 1 ? `${first?.where}: ${first?.what}` : `The Compose file has ${mistakes.length} mistakes`;
  throw new Problem('compose-invalid', detail, { where: first?.where, remedy: first?.remedy, errors: mistakes });
}

/** A name in a message may be as long as its author likes. */
function clip(text: string): string {
  return text.length > limits.quotedChars ? `${text.slice(0, limits.quotedChars)}…` : text;
}

export function createFindings(): Findings {
  const mistakes: Mistake[] = [];
  const replaced: Replacement[] = [];
  const places = new Map<string, string>();
  const said = new Set<string>();
  let produced = 0;
  let loads = 0;
  let mountedFiles = 0;
  let mountedChars = 0;
  let parsed = 0;

  /** The place of a path, or of the nearest thing above it that has one. */
  function placeOf(path: string): string | undefined {
    for (let at = path; at !== ''; at = at.slice(0, Math.max(at.lastIndexOf('.'), at.lastIndexOf('['), 0))) {
      const place = places.get(at);
      if (place) return place;
    }
    return undefined;
  }

  return {
    replaced,
    mistake(where, what, remedy) {
      const key = `${where}\n${what}`;
      if (said.has(key) || mistakes.length >= limits.mistakes) return;
      said.add(key);
      const place = placeOf(where);
      mistakes.push({
        where: clip(where),
        what: clip(place ? `${what} (${place})` : what),
        ...(remedy ? { remedy: clip(remedy) } : {}),
      });
    },
    replace(where, what) {
      const key = `${where}\n${what}\nreplaced`;
      if (said.has(key) || replaced.length > limits.replaced) return;
      said.add(key);
      if (replaced.length < limits.replaced) replaced.push({ where: clip(where), what: clip(what) });
      else replaced.push({ where: 'replaced', what: 'there is more than is listed here' });
    },
    place(path, place) {
      places.set(path, place);
    },
    spend(chars, where) {
      produced += chars;
      if (produced > limits.producedChars)
        refuse([{ where, what: `interpolation and env files produce more than ${limits.producedChars} characters` }]);
    },
    load(where, chars) {
      if (chars === 0) loads += 1;
      parsed += chars;
      if (loads > limits.loads) refuse([{ where, what: `more than ${limits.loads} Compose files are read in all` }]);
      if (chars > limits.composeFileChars)
        refuse([{ where, what: `has ${chars} characters, at most ${limits.composeFileChars} are accepted` }]);
      if (parsed > limits.composeChars)
        refuse([{ where, what: `the Compose files have more than ${limits.composeChars} characters in all` }]);
    },
    mount(contents, where) {
      mountedFiles += contents.length;
      for (const content of contents) mountedChars += content.length;
      if (mountedFiles > limits.mountedFiles)
        refuse([{ where, what: `more than ${limits.mountedFiles} files are put into containers in all` }]);
      if (mountedChars > limits.mountedChars)
        refuse([
          { where, what: `files of more than ${limits.mountedChars} characters are put into containers in all` },
        ]);
    },
    settle() {
      if (mistakes.length > 0) refuse(mistakes);
    },
  };
}
