const name = { type: 'string', minLength: 1, maxLength: 63 };
/** Of a database, schema or role. Postgres takes more, between quotes; staging need not. */
const identifier = {
  ...name,
  pattern: '^[A-Za-z_][A-Za-z0-9_$-]*$',
  hint: 'must be a name of at most 63 letters, digits, _ $ and -, which starts with a letter',
};
const login = {
  type: 'object',
  additionalProperties: false,
  required: ['role', 'password'],
  properties: { role: identifier, password: { type: 'string', minLength: 1 } },
};

/** The JSON schema of the `x-greenroom` section; a `hint` is what is said where a value does not fit. */
export const sectionSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    database: {
      type: 'object',
      additionalProperties: false,
      required: ['service', 'name'],
      properties: {
        service: name,
        name: identifier,
        schema: { ...identifier, default: 'public' },
        owner: login,
        roles: { type: 'array', items: login, default: [] },
      },
    },
    migrations: {
      type: 'object',
      additionalProperties: false,
      required: ['service', 'command'],
      properties: {
        service: name,
        command: {
          oneOf: [
            { type: 'string', minLength: 1 },
            { type: 'array', minItems: 1, items: { type: 'string' } },
          ],
        },
      },
    },
    ingress: {
      type: 'array',
      maxItems: 50,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['service', 'port'],
        properties: {
          service: name,
          port: { type: 'integer', minimum: 1, maximum: 65535 },
          path: {
            type: 'string',
            default: '/',
            pattern: '^(/|(/[A-Za-z0-9._~@!$&+,;=:-]+)+/?)$',
            hint: 'must be a path such as /api, without a query',
          },
          stripPrefix: { type: 'boolean', default: false },
        },
      },
    },
  },
};
