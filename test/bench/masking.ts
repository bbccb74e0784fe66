import { faker } from '@faker-js/faker';
import { dictionaries } from '../../services/masking/dictionaries.ts';
import type { Family, MaskRule, Place } from '../../services/masking/kind.ts';
import { kinds } from '../../services/masking/kinds/index.ts';
import { createMaterials } from '../../services/masking/materials.ts';
import type { PlannedColumn } from '../../services/masking/plan/plan.ts';
import { createSink } from '../../services/masking/rows/sink.ts';
import { createTableMask } from '../../services/masking/rows/table.ts';

const rows = 100_000;
const rounds = 3;
/** How long the plain way is measured: seeded for each value, faker gives the same name for the same original. */
const plainRows = 10_000;

/**
 * Rows a second, on one core, that each kind of mask makes of rows of one column whose values are all different; `keep` is
 * what passing a row on costs. `faker_rows_per_s` is the plain way to a name that is always the same: faker, seeded by the
 * original's hash. `name_ratio` is how many times faster `full_name` is.
 */
export async function run(): Promise<object> {
  const pool = new Map(Array.from({ length: 50_000 }, (_, index) => [`v${index}`, `v${(index + 1) % 50_000}`]));
  const materials = createMaterials(Buffer.alloc(32, 'k'), dictionaries(), new Map([['pool', pool]]));
  const missing = Object.keys(kinds).filter((kind) => !Object.hasOwn(samples, kind));
  if (missing.length > 0) throw new Error(`No sample for ${missing.join(', ')}`);
  const perKind: Record<string, number> = {};
  for (const [kind, { rule, place, value }] of Object.entries(samples)) {
    const column: PlannedColumn = {
      ...{ name: 'c', rule: kind === 'keep' ? { keep: 'measured' } : { mask: kind, ...rule }, by: 'column' },
      ...{ place: { family: 'text', type: 'text', unique: false, ...place }, isArray: false },
    };
    const lines = Array.from({ length: rows }, (_, index) => Buffer.from(`${value(index)}\n`));
    const taken = Array.from({ length: rounds }, () => {
      // A new mask each time: what one remembers of repeated values is not measured.
      const mask = createTableMask(materials, { schema: 'bench', name: 't', columns: [column] });
      return timed(() => {
        let out = createSink(1 << 20);
        for (const line of lines) {
          mask(line, 0, line.length, out);
          if (out.at > 1 << 20) out = createSink(1 << 20);
        }
      });
    });
    perKind[kind] = perSecond(rows, Math.min(...taken));
    process.stdout.write(`${kind}: ${perKind[kind]} rows/s\n`);
  }
  const plain = perSecond(
    plainRows,
    timed(() => {
      for (let index = 0; index < plainRows; index++) {
        faker.seed(index);
        faker.person.fullName();
      }
    }),
  );
  return {
    rows_per_s: perKind,
    faker_rows_per_s: plain,
    name_ratio: Math.round((perKind.full_name! / plain) * 10) / 10,
  };
}

function timed(work: () => void): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

function perSecond(count: number, ms: number): number {
  return Math.round(count / (ms / 1000));
}

interface Sample {
  rule?: Omit<MaskRule, 'mask'>;
  place?: Partial<Place>;
  value(index: number): string;
}

const of = (family: Family, type: string = family): Partial<Place> => ({ family, type });
const hex = (index: number, digits: number) => index.toString(16).padStart(digits, '0');
const name = (index: number) => `Jane${index} Miller`;

const samples: Record<string, Sample> = {
  keep: { value: name },
  full_name: { value: name },
  first_name: { value: (index) => `Jane${index}` },
  last_name: { value: (index) => `Miller${index}` },
  email: { value: (index) => `jane.miller${index}@shop.example` },
  phone: { value: (index) => `+49 30 ${10_000_000 + index}` },
  street: { value: (index) => `${index} High Street` },
  city: { value: (index) => `Newtown ${index}` },
  postcode: { value: (index) => String(10_000 + index) },
  country: { value: (index) => `Country ${index}` },
  company: { value: (index) => `Miller ${index} Ltd` },
  username: { value: (index) => `jane_miller_${index}` },
  url: { value: (index) => `https://shop.example/people/${index}` },
  ip: { place: of('inet'), value: (index) => `192.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}` },
  mac: { place: of('macaddr'), value: (index) => `08:00:2b:${hex(index, 6).replace(/..(?=.)/g, '$&:')}` },
  iban: { value: (index) => `DE89370400440532${String(index).padStart(6, '0')}` },
  card: { value: (index) => `4111111111${String(index).padStart(6, '0')}` },
  national_id: { rule: { country: 'us' }, value: (index) => `212-${10 + (index % 90)}-${1000 + (index % 9000)}` },
  text: { value: (index) => `Called about order ${index} and will call again on Monday about the delivery` },
  date: { place: of('date'), value: (index) => new Date(index * 86_400_000).toISOString().slice(0, 10) },
  number: { place: of('decimal', 'numeric'), value: (index) => (index / 7).toFixed(2) },
  generalise: {
    rule: { to: 'year' },
    place: of('date'),
    value: (index) => new Date(index * 86_400_000).toISOString().slice(0, 10),
  },
  randomise: { rule: { values: ['f', 'm', 'x'] }, value: (index) => `g${index}` },
  shuffle: { place: { pool: 'pool' }, value: (index) => `v${index % 50_000}` },
  token: { value: (index) => `sk_live_${hex(index, 24)}` },
  uuid: { place: of('uuid'), value: (index) => `6f1c2d3e-4b5a-4c6d-8e7f-${hex(index, 12)}` },
  password: { rule: { password: 'staging', scheme: 'pbkdf2-sha256' }, value: (index) => `$2b$12$${hex(index, 53)}` },
  null: { value: name },
  constant: { rule: { value: 'the same' }, value: name },
  json: {
    rule: { fields: { email: 'email', name: 'full_name' } },
    place: of('json', 'jsonb'),
    value: (index) => JSON.stringify({ email: `jane${index}@shop.example`, name: name(index), n: index }),
  },
  hstore: {
    rule: { fields: { email: 'email', '*': 'text' } },
    place: of('hstore'),
    value: (index) => `"email"=>"jane${index}@shop.example", "note"=>"called ${index} times"`,
  },
  composite: {
    rule: { fields: { street: 'street', city: 'city' } },
    place: {
      ...of('composite', 'address'),
      fields: ['street', 'city'].map((field) => ({
        ...{ name: field, isArray: false, place: { family: 'text', type: 'text', unique: false } },
      })),
    },
    value: (index) => `("${index} High Street",Newtown${index})`,
  },
  bytes: { place: of('bytea'), value: (index) => `\\\\x${hex(index, 32)}` },
  rebuild: { rule: { columns: ['other'] }, place: of('tsvector'), value: (index) => `'jane':1 'miller${index}':2` },
};
