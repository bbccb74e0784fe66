/** What a stack needs to know of the cluster in a snapshot's volume before it starts its own server on a clone of it. */
export interface TargetFacts {
  /** The server's major version: a data directory belongs to one. */
  postgresMajor: number;
  /** The C library and its version, as `ldd --version` or musl say it; text sorts differently under another one. */
  libc: string;
  /** PGDATA relative to the volume's root; '' is the root itself. */
  dataPath: string;
  superuser: string;
  database: string;
  /** Who owns the project's schema in the source; undefined when the snapshot has no such schema. */
  schemaOwner: string | undefined;
}
