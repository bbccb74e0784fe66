import { createHash, randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { Ajv } from 'ajv';
import { extract, type Pack, pack } from 'tar-stream';
import type { components } from '../../openapi/types.ts';
import { query } from '../database/queries.ts';
import { DiskFull, explainFullDisk, freeBytes } from '../engine/disk.ts';
import { label, labelsOf, nameOf } from '../engine/labels.ts';
import { fillVolume, readVolume } from '../engine/volume-archive.ts';
import { createVolume } from '../engine/volumes.ts';
import { messageOf, Problem } from '../errors.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import { databaseService } from '../stacks/database-service.ts';
import { getStackRow, openPlan, ownStack, refOf } from '../stacks/stack.ts';
import { dropBackup, getBackupRow, toBackup } from './backup.ts';
import type { DatabaseContent } from './content.ts';
import { dumpFolder, dumpVolumeOf, type Manifest, sizeOf } from './dump/manifest.ts';
import { factsOf } from './take-stack.ts';

/** A backup as a file: a tar archive of what `pg_dump` wrote, which `pg_restore` takes as it is, after one file that describes it. */

const descriptionFile = 'greenroom-backup.json';
const maxDescriptionBytes = 16 << 20;

interface Description {
  format: 1;
  backup: string;
  project: string;
  stack: string;
  release: { version: string; commit?: string };
  takenAt: string;
  postgresMajor: number;
  database: string;
  schemaOwner?: string;
  /** What the database held, for the comparison that proves the backup. */
  content: DatabaseContent;
  dump: Manifest;
}

/**
 * Writes a backup's dump to `out`, as a tar archive.
 * @param begin is called when nothing can be refused any more.
 * @throws Problem `not-found`, `conflict` when it has no dump or is not whole
 */
export async function exportBackup(
  greenroom: Greenroom,
  id: string,
  begin: (fileName: string) => NodeJS.WritableStream,
): Promise<void> {
  const row = await getBackupRow(greenroom.pool, id);
  if (!row.dump || !row.content || !['taken', 'verified'].includes(row.state)) {
    throw new Problem(
      'conflict',
      row.forms.includes('dump') ? `Backup ${id} is ${row.state}` : `Backup ${id} has no dump`,
      {
        where: id,
        remedy: 'POST /v1/backups with forms: [dump] takes one that has.',
      },
    );
  }
  const host = hostOf(greenroom, row.host);
  const { version, commit } = row.release;
  const { postgresMajor, database, schemaOwner } = row.facts;
  const description: Description = {
    ...{
      format: 1,
      backup: id,
      project: row.project,
      stack: row.stack,
      release: { version, ...(commit ? { commit } : {}) },
    },
    ...{ takenAt: row.created_at.toISOString(), postgresMajor, database, ...(schemaOwner ? { schemaOwner } : {}) },
    ...{ content: row.content, dump: { files: row.dump.files, roles: row.dump.roles } },
  };
  await readVolume(host, dumpVolumeOf(host.installation, id), containerOf(host.installation, id), async (archive) => {
    const packed = pack();
    const repack = async () => {
      packed.entry({ name: descriptionFile }, JSON.stringify(description, null, 1));
      const entries = feed(archive);
      for await (const entry of entries) {
        const name = entry.header.name.replace(/^\.\//, '');
        if (entry.header.type !== 'file') entry.resume();
        else await pipeline(entry, packed.entry({ name, size: entry.header.size!, mode: 0o600 }));
      }
      packed.finalize();
    };
    await Promise.all([repack().catch((error) => packed.destroy(error)), pipeline(packed, begin(`${id}.tar`))]);
  });
}

/**
 * Takes a backup that was exported, for a stack to be restored from. It is not proved by that: verify it.
 * @throws Problem `not-found`, `conflict` when the stack cannot take it, `invalid-request` naming the file that is wrong
 */
export async function importBackup(
  greenroom: Greenroom,
  stack: string,
  archive: Readable,
): Promise<components['schemas']['Backup']> {
  const { pool } = greenroom;
  const row = await getStackRow(pool, stack);
  const plan = openPlan(greenroom.sealer, row);
  const service = databaseService(plan);
  if (!service || row.snapshot === null) {
    throw new Problem('conflict', `Stack ${stack} has no database of a snapshot`, { where: '/stack' });
  }
  const host = hostOf(greenroom, row.host);
  const image = await host.docker.getImage(row.release.images[service.name] ?? service.image).inspect();
  const facts = await factsOf(greenroom, row, plan, image);
  const id = `bak-${randomBytes(6).toString('hex')}`;
  const packed = pack();
  // What breaks it off shows where it is read from.
  packed.on('error', () => {});
  const volume = nameOf(host.installation, id);
  const { labels } = containerOf(host.installation, id);
  let filling: Promise<void> | undefined;
  let ofEngine: unknown;
  try {
    const description = await unpack(archive, packed, async (told) => {
      if (told.postgresMajor > facts.postgresMajor) {
        throw new Problem(
          'conflict',
          `The backup is of Postgres ${told.postgresMajor}, the stack's of ${facts.postgresMajor}`,
          {
            where: descriptionFile,
            remedy: 'A dump is restored by its own version or a later one.',
          },
        );
      }
      if (sizeOf(told.dump) > (await freeBytes(host)))
        throw new DiskFull(
          `The backup holds ${sizeOf(told.dump)} bytes; the disk of the Docker engine is too full for it`,
        );
      const of = { ...facts, database: told.database, schemaOwner: told.schemaOwner };
      await query(pool, 'insert-backup', [
        ...[
          id,
          row.project,
          stack,
          row.host,
          volume,
          row.release,
          row.sealed_plan,
          row.snapshot,
          of,
          'import',
          ['dump'],
        ],
      ]);
      await query(pool, 'set-backup-state', [id, 'importing', null]);
      // It was not proved here, and comes to nobody's mind when backups are counted.
      await query(pool, 'keep-backup', [id, true]);
      await createVolume(host, dumpVolumeOf(host.installation, id), labels);
      filling = fillVolume(host, dumpVolumeOf(host.installation, id), containerOf(host.installation, id), packed);
      filling.catch((error) => {
        ofEngine = error;
        packed.destroy(error);
      });
    });
    await filling;
    const { content, dump, takenAt } = description;
    await query(pool, 'set-backup-taken', [id, content, { freezeMs: 0, takenAt }, dump]);
    await ownStack(pool, refOf(row));
    return toBackup(await getBackupRow(pool, id));
  } catch (error) {
    archive.unpipe();
    archive.resume();
    packed.destroy();
    await filling?.catch(() => {});
    await dropBackup(greenroom, host, { id, volume });
    if (error instanceof Problem) throw error;
    if (ofEngine && !archive.destroyed) throw await explainFullDisk(host, ofEngine);
    throw invalid('archive', `is no backup that greenroom exported: ${messageOf(error)}`);
  }
}

/** The entries of an archive. No pipeline: that would cut the sender off in the middle, who then never reads why. */
function feed(archive: Readable) {
  const entries = extract();
  const brokenOff = () => entries.destroy(new Error('the archive was broken off'));
  if (archive.destroyed) brokenOff();
  archive.once('error', (error) => entries.destroy(error));
  archive.once('close', () => archive.readableEnded || brokenOff());
  archive.pipe(entries);
  return entries;
}

/** Reads the description, then each file, and packs anew what is as described: nothing else gets through. */
async function unpack(
  archive: Readable,
  packed: Pack,
  begin: (description: Description) => Promise<void>,
): Promise<Description> {
  let description: Description | undefined;
  const missing = new Set<string>();
  const entries = feed(archive);
  for await (const entry of entries) {
    const { name, size = 0, type } = entry.header;
    if (!description) {
      if (name !== descriptionFile || type !== 'file') throw invalid(name, `comes before ${descriptionFile}`);
      if (size > maxDescriptionBytes) throw invalid(name, `is larger than ${maxDescriptionBytes} bytes`);
      description = describe(await buffer(entry));
      for (const file of Object.keys(description.dump.files)) missing.add(file);
      await begin(description);
      packed.entry({ name: dumpFolder, type: 'directory', mode: 0o700 });
      continue;
    }
    const file = name.startsWith(`${dumpFolder}/`) ? name.slice(dumpFolder.length + 1) : name;
    const told = description.dump.files[file];
    if (type !== 'file' || name !== `${dumpFolder}/${file}` || !told || !missing.delete(file))
      throw invalid(name, 'is no file of the dump, or comes twice');
    if (size !== told.sizeBytes) throw invalid(name, `has ${size} bytes instead of ${told.sizeBytes}`);
    const hash = createHash('sha256');
    entry.on('data', (chunk) => hash.update(chunk));
    await pipeline(entry, packed.entry({ name, size, mode: 0o600 }));
    if (hash.digest('hex') !== told.sha256) throw invalid(name, 'has another checksum');
  }
  if (!description) throw invalid('archive', `has no ${descriptionFile}`);
  if (missing.size > 0) throw invalid([...missing][0]!, 'is missing');
  packed.finalize();
  return description;
}

const text = { type: 'string', minLength: 1, maxLength: 200 };
const hashed = {
  type: 'object',
  required: ['rows', 'hash'],
  properties: { rows: { type: 'integer', minimum: 0, maximum: 1e12 }, hash: { type: 'string' } },
};
const isDescription = new Ajv().compile({
  type: 'object',
  required: ['format', 'backup', 'takenAt', 'postgresMajor', 'database', 'content', 'dump'],
  properties: {
    format: { const: 1 },
    backup: text,
    takenAt: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z$' },
    postgresMajor: { type: 'integer' },
    database: text,
    schemaOwner: text,
    content: {
      type: 'object',
      required: ['schemaFingerprint', 'schemaOutline', 'tables', 'sequences', 'largeObjects'],
      properties: {
        schemaFingerprint: { type: 'string' },
        schemaOutline: { type: 'string' },
        schemaFormat: { type: 'integer' },
        rowFormat: { type: 'integer' },
        tables: { type: 'object', additionalProperties: hashed },
        sequences: { type: 'object', additionalProperties: { type: 'string' } },
        moved: { type: 'object', additionalProperties: { type: 'number' } },
        largeObjects: hashed,
      },
    },
    dump: {
      type: 'object',
      required: ['files', 'roles'],
      properties: {
        files: {
          type: 'object',
          // As pg_dump names them.
          propertyNames: { pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]*$' },
          additionalProperties: {
            type: 'object',
            required: ['sizeBytes', 'sha256'],
            properties: {
              sizeBytes: { type: 'integer', minimum: 0 },
              sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' },
            },
          },
        },
        roles: {
          type: 'object',
          required: ['names', 'memberships'],
          properties: {
            names: { type: 'array', items: text },
            attributes: {
              type: 'array',
              items: {
                type: 'object',
                required: ['name', 'inherit', 'bypassRls', 'lost'],
                properties: {
                  name: text,
                  inherit: { type: 'boolean' },
                  bypassRls: { type: 'boolean' },
                  lost: { type: 'array', items: text },
                },
              },
            },
            memberships: {
              type: 'array',
              items: {
                type: 'object',
                required: ['role', 'member'],
                properties: {
                  role: text,
                  member: text,
                  admin: { type: 'boolean' },
                  inherit: { type: ['boolean', 'null'] },
                  set: { type: ['boolean', 'null'] },
                },
              },
            },
          },
        },
      },
    },
  },
});

function describe(bytes: Buffer): Description {
  const description: unknown = JSON.parse(bytes.toString('utf8'));
  if (isDescription(description)) return description as Description;
  const { instancePath = '', message = '' } = isDescription.errors?.[0] ?? {};
  throw invalid(descriptionFile, `${instancePath} ${message}`);
}

function invalid(where: string, what: string): Problem {
  return new Problem('invalid-request', `The archive cannot be taken: ${where} ${what}`, {
    where,
    remedy: 'Send the very file that GET /v1/backups/BACKUP/export gave.',
  });
}

function containerOf(installation: string, backup: string): { name: string; labels: Record<string, string> } {
  return {
    name: `${dumpVolumeOf(installation, backup)}-${randomBytes(4).toString('hex')}`,
    labels: labelsOf(installation, 'backup', { [label.backup]: backup }),
  };
}
