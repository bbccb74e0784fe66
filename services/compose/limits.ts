/**
 * What a bundle may weigh. A pull request's files are untrusted: each limit closes a way to exhaust memory or time
 * (alias bombs, `A=$B$B` chains in env files, includes that multiply). All sizes are far above what real projects use.
 */
export const limits = {
  files: 1000,
  fileBytes: 4 * 1024 * 1024,
  bundleBytes: 16 * 1024 * 1024,
  pathLength: 512,
  composeFiles: 20,
  /** Of one Compose file, and of all that are parsed: some 100,000 characters a second in the worst case. */
  composeFileChars: 256 * 1024,
  composeChars: 1024 * 1024,
  /** Values in one YAML document after its aliases have been followed. */
  nodes: 50_000,
  depth: 40,
  /** Compose files read in all: those named, included and extended, each time they are. */
  loads: 100,
  /** Text that interpolation and env files produce in all; each value of a document that is read counts as some, too. */
  producedChars: 16 * 1024 * 1024,
  charsPerValue: 32,
  /** Values in the merged document, and entries in one of its lists. */
  modelValues: 100_000,
  listEntries: 1000,
  /** Nesting of `${A:-${B:-…}}`. */
  substitutionDepth: 20,
  services: 100,
  networks: 50,
  volumes: 200,
  /** Files of the bundle, configs and secrets that are put into containers, each as often as it is, and their text. */
  mountedFiles: 5000,
  mountedChars: 64 * 1024 * 1024,
  envFileChars: 256 * 1024,
  /** Services that extend one another in a row. */
  extendsChain: 50,
  /** What is reported at once, and how much of a text in it. */
  mistakes: 200,
  replaced: 5000,
  quotedChars: 300,
  /** A container that is asked to stop is killed after this, whatever the file says. */
  stopGraceMs: 10 * 60_000,
} as const;
