import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, describe, test } from 'node:test';
import type { CatalogColumn, CatalogTable, MaskingCatalog } from '../services/masking/catalog.ts';
import { planMasking } from '../services/masking/plan/plan.ts';
import { type Policy, parsePolicy } from '../services/masking/policy/policy.ts';
import { type ColumnSample, createColumnSampler } from '../services/masking/suggest/samples.ts';
import { type Suggestion, suggestPolicy } from '../services/masking/suggest/suggest.ts';
import { loadVocabulary, type Vocabulary } from '../services/masking/suggest/vocabulary.ts';

let vocabulary: Vocabulary;

before(async () => {
  vocabulary = await loadVocabulary();
});

type Values = (row: number) => string | null;
type Spec = Partial<CatalogColumn> & { of?: Values; unique?: boolean };

/** Tables of a hundred rows, by `table.column`, and what is proposed for them. */
function suggest(
  specs: Record<string, Spec>,
  more: { policy?: unknown; foreignKeys?: MaskingCatalog['foreignKeys']; partitionKeys?: string[]; rows?: number } = {},
): Suggestion & { rule: (where: string) => unknown; why: (where: string) => string } {
  const tables = new Map<string, CatalogTable>();
  const samples = new Map<string, ColumnSample>();
  for (const [where, { of, unique, ...rest }] of Object.entries(specs)) {
    const [name, columnName] = where.split('.') as [string, string];
    const shape = { isArray: false, limit: null, precision: null, scale: null, notNull: false, generated: false };
    const baseType = rest.baseType ?? 'text';
    const column: CatalogColumn = { name: columnName, type: baseType, baseType, ...shape, ...rest };
    const facts = { oid: 1, schema: 'app', kind: 'r' as const, partitionOf: null, estimatedRows: 0, sizeBytes: 0 };
    const table = tables.get(name) ?? { name, ...facts, columns: [], uniqueKeys: [] };
    table.columns.push(column);
    if (unique) table.uniqueKeys.push({ name: columnName, columns: [columnName] });
    tables.set(name, table);
    const sampler = createColumnSampler(vocabulary, column);
    for (let row = 0; of && row < (more.rows ?? 100); row++) sampler.add(of(row));
    samples.set(`app.${where}`, sampler.sample());
  }
  const catalog = { tables: [...tables.values()], foreignKeys: more.foreignKeys ?? [] };
  const suggestion = suggestPolicy({
    catalog,
    policy: more.policy === undefined ? undefined : parsePolicy(more.policy),
    sampleOf: (table, column) => samples.get(`${table}.${column}`),
    enumTypes: new Set(['mood']),
    partitionKeys: new Set(more.partitionKeys),
  });
  assertAccepted(catalog, suggestion);
  const { proposals, unclassified } = suggestion;
  const at = <T extends { table: string; column: string }>(list: T[], where: string) =>
    list.find(({ table, column }) => `${table}.${column}` === `app.${where}`);
  return {
    ...suggestion,
    rule: (where) => at(proposals, where)?.rule,
    why: (where) => (at(proposals, where) ?? at(unclassified, where))?.reason ?? 'nothing is said of it',
  };
}

/** Completed by a person, a suggestion is a policy that a capture takes. */
function assertAccepted(catalog: MaskingCatalog, { policy, unclassified }: Suggestion): void {
  const tables = structuredClone(policy.tables);
  for (const { table, column } of unclassified) {
    tables[table] ??= {};
    tables[table][column] = { keep: 'a person said so' };
  }
  planMasking(catalog, parsePolicy({ ...policy, tables, sequences: {} } satisfies Policy));
}

const address = (row: number) => `somebody${row}@mail.example`;
/** Nine digits; the last makes the weighted sum a multiple of eleven. */
const bsn = Array.from({ length: 60 }, (_, row) => {
  const digits = String(11122233 + row * 7);
  const check = [...digits].reduce((sum, digit, index) => sum + Number(digit) * (9 - index), 0) % 11;
  return check < 10 ? [digits + check] : [];
}).flat();
const phone = (row: number) => `+49 30 ${9018200 + row}`;

describe('what a column is told by', () => {
  test('its values, whatever its name', () => {
    const { rule, why, proposals } = suggest({
      'log.who': { of: address },
      'log.a': { of: phone },
      'log.b': { of: (row) => `203.0.113.${row}` },
      'log.c': { of: (row) => `https://site.example/${row}` },
      'log.d': { of: (row) => ['DE89370400440532013000', 'GB82WEST12345698765432', 'NL91ABNA0417164300'][row % 3]! },
      'log.e': { of: (row) => ['4111111111111111', '5555555555554444', '378282246310005'][row % 3]! },
      'log.f': { of: (row) => `${row + 1} Baker Street` },
      'log.g': {
        of: (row) =>
          ['Anna Schmidt', 'Piotr Kowalski', 'Giulia Rossi', 'José García', 'Marie Dubois', 'Zork Blub'][row % 6]! +
          ['', ' '][row % 2],
      },
      'log.h': {
        of: (row) =>
          `$2b$12$${'EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga3'}${row + 100}`.slice(0, 60).padEnd(60, 'a'),
      },
      'log.i': { of: (row) => bsn[row % bsn.length]! },
      'log.j': { of: address, isArray: true, type: 'text[]' } as Spec,
    });
    assert.deepEqual(rule('log.who'), { mask: 'email' });
    assert.match(why('log.who'), /^100 of 100 sampled values look like e-mail addresses$/);
    assert.deepEqual(rule('log.a'), { mask: 'phone' });
    assert.deepEqual(rule('log.b'), { mask: 'ip' });
    assert.deepEqual(rule('log.c'), { mask: 'url' });
    assert.deepEqual(rule('log.d'), { mask: 'iban' });
    assert.deepEqual(rule('log.e'), { mask: 'card' });
    assert.deepEqual(rule('log.f'), { mask: 'street' });
    assert.deepEqual(rule('log.g'), { mask: 'full_name' });
    assert.match(why('log.h'), /password hashes/);
    assert.match(why('log.i'), /Dutch citizen service numbers/);
    for (const { confidence } of proposals) assert.ok(confidence > 0 && confidence < 1);
  });

  test('its name and its values together are surer than either', () => {
    const confidenceOf = (specs: Record<string, Spec>) => suggest(specs).proposals[0]!.confidence;
    const both = confidenceOf({ 'users.email': { of: (row) => (row % 4 ? address(row) : `none-${row}`) } });
    const values = confidenceOf({ 'users.who': { of: (row) => (row % 4 ? address(row) : `none-${row}`) } });
    const name = confidenceOf({ 'users.email': {} });
    assert.ok(both > values && values > name, `${both} ${values} ${name}`);
  });

  test('its name alone, in several languages and ways of writing, where the values have no form', () => {
    const odd = (row: number) => `Zork${row}`;
    const named: Record<string, string> = {
      ...{
        firstName: 'first_name',
        surname: 'last_name',
        nachname: 'last_name',
        apellidos: 'last_name',
        login: 'username',
      },
      ...{
        HOME_ADDRESS: 'street',
        strasse: 'street',
        ville: 'city',
        land: 'country',
      },
      ...{
        customer_name: 'full_name',
        cardHolder: 'full_name',
        employer: 'company',
        refreshToken: 'token',
        api_key: 'token',
      },
      ...{ mobile: 'phone', notes: 'text', user_agent: 'text' },
    };
    const { rule } = suggest(Object.fromEntries(Object.keys(named).map((name) => [`t.${name}`, { of: odd }])));
    for (const [name, mask] of Object.entries(named)) assert.deepEqual(rule(`t.${name}`), { mask }, name);
  });

  test('a name is a person’s in a table of people, or beside their addresses; not elsewhere', () => {
    const odd = (row: number) => `Zork${row}`;
    const { rule } = suggest({
      'patients.name': { of: odd },
      'leads.name': { of: odd },
      'accounts.name': { of: odd },
      'accounts.email': { of: address },
      'products.name': { of: odd },
      'products.file_name': { of: odd },
    });
    assert.deepEqual(rule('patients.name'), { mask: 'full_name' });
    assert.deepEqual(rule('leads.name'), { mask: 'full_name' });
    assert.deepEqual(rule('accounts.name'), { mask: 'full_name' });
    assert.equal(rule('products.name'), undefined);
    assert.equal(rule('products.file_name'), undefined);
  });

  test('a text that holds addresses is masked whole, and so is what is partly somebody’s', () => {
    const { rule, why } = suggest({
      't.a': { of: (row) => `please call ${phone(row)} or write to ${address(row)}, thanks` },
      't.b': { of: (row) => (row === 7 ? address(row) : `item-${row}`) },
    });
    assert.deepEqual(rule('t.a'), { mask: 'text' });
    assert.match(why('t.a'), /100 hold e-mail addresses.*100 hold phone numbers/);
    assert.deepEqual(rule('t.b'), { mask: 'text' });
    assert.match(why('t.b'), /^1 of the sampled values/);
  });

  test('what lets somebody in: by itself, within a text and in a document, whatever the name; none of it is said', () => {
    const part = (row: number, salt: string) =>
      createHash('sha256').update(`${salt}${row}`).digest('base64url').slice(0, 24);
    const jwt = (row: number) => {
      const [header, payload] = [{ alg: 'HS256', typ: 'JWT' }, { sub: part(row, 'sub') }].map((one) =>
        Buffer.from(JSON.stringify(one)).toString('base64url'),
      );
      return `${header}.${payload}.${part(row, 'signature')}`;
    };
    const apiKey = (row: number) => ['sk', 'live', part(row, 'key').replaceAll(/[-_]/g, 'x')].join('_');
    for (const [secret, label] of [
      [jwt, 'JSON web tokens'],
      [apiKey, 'API keys by their known prefixes'],
    ] as const) {
      const suggestion = suggest({
        't.value': { of: secret },
        't.note': { of: (row) => `with item ${row} it says ${secret(row)} in the header` },
        't.few': { of: (row) => (row === 7 ? secret(row) : `item-${row}`) },
        't.settings': {
          baseType: 'jsonb',
          of: (row) =>
            JSON.stringify({ theme: 'dark', sync: { value: secret(row) }, hint: `it says ${secret(row)} now` }),
        },
      });
      const { rule, why } = suggestion;
      assert.deepEqual(rule('t.value'), { mask: 'token' });
      assert.equal(why('t.value'), `100 of 100 sampled values look like ${label}`);
      assert.deepEqual(rule('t.note'), { mask: 'text' });
      assert.match(why('t.note'), new RegExp(`100 hold ${label}`));
      assert.ok(!('keep' in ((rule('t.few') as object) ?? {})));
      assert.match(why('t.few'), new RegExp(label));
      assert.deepEqual(rule('t.settings'), { mask: 'json', fields: { 'sync.value': 'token' } });
      const said = JSON.stringify(suggestion);
      for (let row = 0; row < 100; row++)
        for (const piece of secret(row)
          .split(/[._]/)
          .filter((one) => one.length > 10))
          assert.ok(!said.includes(piece), piece);
    }
  });

  test('birth dates by name or by their years; other times are moved alike', () => {
    const dated = (year: (row: number) => number) => (row: number) => `${year(row)}-05-0${1 + (row % 9)}`;
    const { rule } = suggest({
      't.dob': { baseType: 'date', of: dated((row) => 1940 + (row % 60)) },
      't.day': { baseType: 'date', of: dated((row) => 1935 + (row % 65)) },
      't.placed_on': { baseType: 'date', of: dated((row) => 2020 + (row % 4)) },
      't.created_at': { baseType: 'timestamptz', of: dated(() => 2024) },
    });
    for (const where of ['t.dob', 't.day']) {
      const { mask, ...options } = rule(where) as { mask: string };
      assert.ok(mask === 'generalise' || (mask === 'date' && Object.keys(options).length === 0), where);
    }
    assert.deepEqual(rule('t.placed_on'), { mask: 'date', per: 'snapshot' });
    assert.ok('keep' in (rule('t.created_at') as object));
  });
});

describe('what is harmless, and what cannot be told', () => {
  test('keys, yes or no, enums, words of a list and migrators’ books are kept, with a reason', () => {
    const { proposals, rule } = suggest({
      'orders.id': { baseType: 'int8', unique: true, of: String },
      'orders.paid': { baseType: 'bool', of: () => 't' },
      'orders.mood': { baseType: 'mood', of: () => 'glad' },
      'orders.status': { of: (row) => ['open', 'paid', 'grant', 'will'][row % 4]! },
      'orders.quantity': { baseType: 'int4', of: (row) => String(row % 5) },
      'seaql_migrations.version': { of: (row) => `m2024${row}` },
      'seaql_migrations.applied_at': { baseType: 'int8', of: String },
    });
    assert.equal(proposals.length, 7);
    for (const { table, column } of proposals) {
      const { keep } = rule(`${table.slice(4)}.${column}`) as { keep: string };
      assert.ok(keep.length > 5, column);
    }
  });

  test('traps are left to a person', () => {
    const traps: Record<string, Spec> = {
      't.order_no': { baseType: 'int8', of: (row) => String(4_000_000_000_000_000 + row * 37) },
      't.number': { of: (row) => String(4_000_000_000_000_000 + row * 37) },
      't.release': { of: (row) => `1.${row % 9}.3.${row % 20}` },
      't.object': { of: (row) => (0x5f0 + row).toString(16).padStart(8, '0') },
      't.price': { of: (row) => `${row}.99` },
      't.amount': { baseType: 'int4', of: (row) => String(row * 100) },
      't.serial': { of: (row) => `00${123456789 + row}` },
      't.plant': { of: (row) => `${['Rose', 'Lily', 'Violet', 'Iris'][row % 4]} No ${row}` },
      't.email_verified_by': { of: (row) => `job-${row}` },
    };
    const { unclassified, proposals } = suggest(traps);
    assert.deepEqual(
      proposals.map(({ column }) => column),
      [],
    );
    assert.equal(unclassified.length, Object.keys(traps).length);
  });

  test('what says e-mail and shows none is not decided by its name', () => {
    const { rule, why } = suggest({ 't.email': { of: (row) => `job-${row}` } });
    assert.equal(rule('t.email'), undefined);
    assert.match(why('t.email'), /the name says e-mail, but none of 100 sampled values/);
  });

  test('an integer key that looks like cards is not kept', () => {
    const cards = ['4111111111111111', '5555555555554444', '4012888888881881', '4222222222222220', '5105105105105100'];
    const { rule } = suggest({ 't.id': { baseType: 'int8', unique: true, of: (row) => cards[row % 5]! } });
    assert.deepEqual(rule('t.id'), { mask: 'token' });
  });

  test('few values are made coarser or drawn: what is always the same could be looked up by how often it occurs', () => {
    const postcode = (row: number) => String(10_115 + (row % 90));
    const { rule } = suggest({
      ...{ 't.plz': { of: postcode }, 't.zip_code': { baseType: 'int4', of: postcode } },
      ...{ 't.born': { baseType: 'date', of: (row) => `19${50 + (row % 50)}-03-17` } },
      ...{ 't.gender': { of: (row) => ['m', 'f'][row % 2]! }, 't.is_pregnant': { baseType: 'bool', of: () => 'f' } },
      't.sex': { baseType: 'mood', of: () => 'glad' },
    });
    assert.deepEqual(rule('t.plz'), { mask: 'randomise', shape: true });
    assert.deepEqual(rule('t.zip_code'), { mask: 'generalise', bucket: 1000 });
    assert.deepEqual(rule('t.born'), { mask: 'generalise', to: 'year' });
    for (const column of ['gender', 'sex'])
      assert.deepEqual(rule(`t.${column}`), { mask: 'randomise', values: 'own' }, column);
    assert.deepEqual(rule('t.is_pregnant'), { mask: 'randomise' });
  });

  test('something nobody’s business is not kept, whatever its type', () => {
    const { rule, unclassified } = suggest({
      't.religion': { baseType: 'mood', notNull: true, of: () => 'glad' },
    });
    const decided = rule('t.religion');
    assert.ok(decided ? !('keep' in (decided as object)) : unclassified.some(({ column }) => column === 'religion'));
  });
});

describe('what a column can hold', () => {
  test('a unique column gets a kind that can be unique, a short one a kind that fits', () => {
    const { rule } = suggest({
      't.ip': { unique: true, of: (row) => `203.0.113.${row}` },
      't.email': { baseType: 'varchar', type: 'character varying(12)', limit: 12, of: (row) => `a${row}@b.example` },
      't.happened': { baseType: 'date', unique: true, of: (row) => `2024-01-${10 + (row % 9)}` },
    });
    assert.deepEqual(rule('t.ip'), { mask: 'token' });
    assert.deepEqual(rule('t.email'), { mask: 'token' });
    assert.deepEqual(rule('t.happened'), { mask: 'date', per: 'snapshot' });
  });

  test('foreign keys give both ends one rule, and a kept key is kept where it is referred to', () => {
    const foreignKeys = [
      {
        name: 'by_mail',
        table: 'app.orders',
        columns: ['buyer'],
        references: 'app.users',
        referencedColumns: ['email'],
      },
      {
        name: 'by_key',
        table: 'app.orders',
        columns: ['session_id'],
        references: 'app.users',
        referencedColumns: ['id'],
      },
    ];
    const { rule, why } = suggest(
      {
        'users.id': { baseType: 'int8', unique: true, of: String },
        'users.email': { unique: true, of: address },
        'orders.buyer': { of: (row) => `person ${row}` },
        'orders.session_id': { baseType: 'int8', of: String },
      },
      { foreignKeys },
    );
    assert.deepEqual(rule('orders.buyer'), { mask: 'email' });
    assert.deepEqual(rule('users.email'), { mask: 'email' });
    assert.deepEqual(rule('orders.session_id'), { keep: 'refers to app.users.id' });
    assert.match(why('orders.buyer'), /the foreign key by_mail ties it to app.users.email/);
  });

  test('what a foreign key ties to a column that has a rule gets that rule; a wrong one is wrong at both ends', () => {
    const foreignKeys = [
      { name: 'k', table: 'app.orders', columns: ['buyer'], references: 'app.users', referencedColumns: ['contact'] },
    ];
    const specs: Record<string, Spec> = { 'users.contact': { unique: true, of: address }, 'orders.buyer': {} };
    const masked = { tables: { 'app.users': { contact: { mask: 'token' } } } };
    assert.deepEqual(suggest(specs, { foreignKeys, policy: masked }).rule('orders.buyer'), { mask: 'token' });
    const keep = { keep: 'public' };
    const kept = { tables: { 'app.users': { contact: keep }, 'app.orders': { buyer: keep } } };
    const { proposals } = suggest(specs, { foreignKeys, policy: kept });
    assert.deepEqual(
      proposals.map(({ table, rule, replaces }) => ({ table, rule, replaces })),
      ['app.users', 'app.orders'].map((table) => ({ table, rule: { mask: 'email' }, replaces: keep })),
    );
  });

  test('the key of partitions is kept or left to a person', () => {
    const specs: Record<string, Spec> = {
      'e.at': { baseType: 'date', of: () => '2024-01-01' },
      'e.who': { of: address },
    };
    const { rule, why } = suggest(specs, { partitionKeys: ['app.e.at', 'app.e.who'] });
    assert.ok('keep' in (rule('e.at') as object));
    assert.match(why('e.who'), /only keep fits/);
  });
});

describe('documents', () => {
  const document: Values = (row) =>
    JSON.stringify({
      contact: { email: address(row), phones: [phone(row), phone(row + 500)] },
      card: 4_111_111_111_111_111,
      theme: ['dark', 'light'][row % 2],
      friends: { [`zork_blub_${row}`]: { mail: address(row + 900) } },
      points: row,
    });

  test('paths get rules of their own, keys that are data a star', () => {
    const { rule } = suggest({ 't.profile': { baseType: 'jsonb', of: document }, 't.raw': { of: document } });
    const fields = { 'contact.email': 'email', 'contact.phones': 'phone', card: 'card', 'friends.*.mail': 'email' };
    assert.deepEqual(rule('t.profile'), { mask: 'json', fields });
    assert.deepEqual(rule('t.raw'), { mask: 'json', fields });
  });

  test('a key is named where many documents have it and it is nobody’s name', () => {
    const letters = [...'abcdefgh'];
    const { rule } = suggest({
      't.doc': {
        baseType: 'jsonb',
        of: (row) => {
          const rare = row < letters.length ? { [`zork${letters[row]}`]: { web: `https://rare.example/${row}` } } : {};
          const likes = { [row % 2 ? 'anna' : 'piotr']: { web: `https://site.example/${row}` }, colour: address(row) };
          return JSON.stringify({ shape: { of: address(row) }, rare, likes });
        },
      },
    });
    const { fields } = rule('t.doc') as { fields: Record<string, string> };
    assert.deepEqual(fields, {
      'shape.of': 'email',
      'rare.*.*': 'url',
      'likes.*.web': 'url',
      'likes.colour': 'email',
    });
  });

  test('a key that says e-mail is not thereby shown: nobody’s name, and no key that few documents have', () => {
    const answered = suggest({
      't.doc': {
        baseType: 'jsonb',
        of: (row) => {
          const once = row === 0 ? { anna_schmidt_email: address(1), zork_blub_email: address(2) } : {};
          const twice = row < 2 ? { zork: { zork_blub_phone: phone(row) } } : {};
          const often = { annaSchmidtEmail: address(row), bjorn_email: address(row), billing_email: address(row) };
          const list = row < 2 ? [{ blub_email: address(row) }, { blub_email: address(row + 5) }] : [];
          return JSON.stringify({ ...once, twice, often, list, email: address(row) });
        },
      },
    });
    assert.doesNotMatch(JSON.stringify(answered), /anna|schmidt|bjorn|zork|blub/i);
    const { fields } = answered.rule('t.doc') as { fields: Record<string, string> };
    assert.equal(fields['often.billing_email'], 'email');
    assert.equal(fields['often.*'], 'email');
    assert.equal(fields['list.*'], 'email');
    assert.equal(fields.email, 'email');
  });

  test('keys that are addresses are masked too, or it is left to a person', () => {
    const { rule, why } = suggest({
      't.by_mail': { baseType: 'jsonb', of: (row) => JSON.stringify({ [address(row)]: 1 }) },
    });
    const decided = rule('t.by_mail') as { keys?: string } | undefined;
    assert.ok(decided === undefined || decided.keys === 'email');
    assert.match(why('t.by_mail'), /keys in 100 documents look like e-mail addresses/);
  });

  test('keys that are addresses are seen where an existing rule leaves keys', () => {
    const spec: Spec = { baseType: 'jsonb', of: (row) => JSON.stringify({ [address(row)]: { id: row } }) };
    const given = (doc: object) => suggest({ 't.doc': spec }, { policy: { tables: { 'app.t': { doc } } } });
    const { rule, why } = given({ mask: 'json' });
    assert.deepEqual(rule('t.doc'), { mask: 'json', fields: {}, keys: 'email' });
    assert.match(why('t.doc'), /keys in 100 documents look like e-mail addresses, and the policy lets them through$/);
    for (const keys of ['token', { keep: 'somebody said so' }])
      assert.deepEqual(given({ mask: 'json', keys }).proposals, []);
  });

  test('which of the existing paths counts is what the mask says: a named key hides nothing, the leftmost wins', () => {
    const spec: Spec = { baseType: 'jsonb', of: (row) => JSON.stringify({ contact: { email: address(row), card } }) };
    const card = 4_111_111_111_111_111;
    const keep = { keep: 'why not' };
    const proposed = (fields: object) => {
      const policy = { tables: { 'app.t': { doc: { mask: 'json', fields } } } };
      return (suggest({ 't.doc': spec }, { policy }).rule('t.doc') as { fields: object } | undefined)?.fields;
    };
    assert.equal(proposed({ 'contact.email': 'email', '*.card': 'card' }), undefined);
    assert.equal(proposed({ '*.email': keep, 'contact.*': 'token' }), undefined);
    const kept = { '*.email': 'email', '*.card': 'card', 'contact.*': keep };
    assert.deepEqual(proposed(kept), { ...kept, 'contact.email': 'email', 'contact.card': 'card' });
  });

  test('what an existing rule lets through is seen: kept fields, and numbers', () => {
    const policy = { tables: { 'app.t': { profile: { mask: 'json', fields: { contact: { keep: 'why not' } } } } } };
    const { proposals } = suggest({ 't.profile': { baseType: 'jsonb', of: document } }, { policy });
    assert.equal(proposals.length, 1);
    assert.deepEqual(proposals[0]!.rule, {
      mask: 'json',
      fields: { contact: { keep: 'why not' }, 'contact.email': 'email', 'contact.phones': 'phone', card: 'card' },
    });
    assert.deepEqual(proposals[0]!.replaces, policy.tables['app.t'].profile);
    const better = { tables: { 'app.t': { profile: proposals[0]!.rule } } };
    assert.deepEqual(suggest({ 't.profile': { baseType: 'jsonb', of: document } }, { policy: better }).proposals, []);
  });
});

test('a sequence that is no longer kept changes nothing', () => {
  const sequences = { 'app.numbers': { keep: 'printed', until: '2020-12-31' } };
  const policy = { tables: { 'app.t': { email: { mask: 'email' } } }, sequences };
  assert.deepEqual(suggest({ 't.email': { of: address } }, { policy }).proposals, []);
});

test('with a policy, only what it lacks and what looks wrong is proposed', () => {
  const keep = { keep: 'public' };
  const policy = {
    tables: {
      'app.t': { id: keep, contact: keep, slug: keep, email: { mask: 'text' }, address: { mask: 'ip' }, about: keep },
    },
  };
  const {
    proposals,
    unclassified,
    policy: completed,
  } = suggest(
    {
      't.id': { baseType: 'int8', unique: true, of: String },
      't.contact': { of: address },
      't.slug': { of: (row) => `item-${row}` },
      't.email': { of: address },
      't.address': { baseType: 'int4', of: String },
      't.about': { of: (row) => `all about ${row} and what is new in it` },
      't.phone': { of: phone },
      't.unknown': { of: (row) => `item-${row}` },
    },
    { policy },
  );
  assert.deepEqual(proposals.map(({ column }) => column).sort(), ['contact', 'phone']);
  assert.deepEqual(proposals.find(({ column }) => column === 'contact')!.replaces, keep);
  assert.match(proposals.find(({ column }) => column === 'contact')!.reason, /^the policy keeps it, but 100 of 100/);
  // A rule that the column cannot hold counts as none.
  assert.deepEqual(unclassified.map(({ column }) => column).sort(), ['address', 'unknown']);
  assert.deepEqual(completed.tables['app.t']!.email, { mask: 'text' });
  assert.deepEqual(completed.tables['app.t']!.phone, { mask: 'phone' });
});

test('values made to be slow are looked at all the same', () => {
  const hostile = [
    `a@${'a.'.repeat(4000)}`,
    `$1$${'$'.repeat(8000)} x`,
    `+1${' 1'.repeat(4000)}x`,
    'A1'.repeat(4000),
    '['.repeat(8000),
  ];
  const { unclassified, proposals } = suggest(
    Object.fromEntries(hostile.map((value, index) => [`t.c${index}`, { of: (row: number) => `${value}${row}` }])),
  );
  assert.equal(unclassified.length + proposals.length, hostile.length);
});

test('no value, no part of one and no key of a document that is data is said anywhere', () => {
  const canaries = ['qxkanarivz', '90713842'];
  const [word, digits] = canaries as [string, string];
  const suggestion = suggest({
    'people.id': { baseType: 'int8', unique: true, of: (row) => `${digits}${row}` },
    'people.email': { of: (row) => `${word}${row}@mail.example` },
    'people.name': { of: (row) => `Anna ${word}${row}` },
    'people.state': { of: (row) => `${word}${row % 3}` },
    'people.phone': { of: (row) => `+49 ${digits} ${row}` },
    'people.note': { of: (row) => `call ${word} at +49 ${digits} ${row} or ${word}@mail.example` },
    'people.code': { of: (row) => `${word}-${digits}-${row}` },
    'people.doc': {
      baseType: 'jsonb',
      of: (row) =>
        JSON.stringify({
          [`${word}${digits}${row}`]: word,
          [word + 'x'.repeat(row % 40)]: { email: `${word}@x.example` },
        }),
    },
    'people.one': { baseType: 'jsonb', of: () => null },
    'people.born': { baseType: 'date', of: (row) => `19${40 + (row % 50)}-01-01` },
  });
  const said = JSON.stringify(suggestion);
  for (const canary of canaries)
    assert.ok(!said.includes(canary), said.slice(said.indexOf(canary) - 80, said.indexOf(canary) + 20));
});

test('a tsvector: what it could be computed from is named, and a person chooses', () => {
  const tsvector = { baseType: 'tsvector' };
  const { rule, why } = suggest({
    'articles.search': tsvector,
    'articles.title': { of: (row) => `words about item ${row}` },
    'articles.size': { baseType: 'int4' },
    'loose.search': tsvector,
  });
  assert.equal(rule('articles.search'), undefined);
  assert.match(why('articles.search'), /`rebuild` .*\(text are title\), `null` leaves it out/);
  assert.match(why('loose.search'), /`null` leaves it out/);
  assert.doesNotMatch(why('loose.search'), /rebuild/);
});
