import type { MaskRule } from '../kind.ts';
import type { Finding } from './detect/detector.ts';

/** The masks for what was found, best first. The first that exists, and that the column can hold, is proposed. */
export const masksFor: Record<Finding, readonly MaskRule[]> = {
  email: rules('email', 'token'),
  phone: rules('phone', 'token'),
  card: rules('card', 'token'),
  iban: rules('iban', 'token'),
  ip: rules('ip', 'token'),
  mac: rules('mac', 'token'),
  url: rules('url', 'text', 'token'),
  uuid: rules('uuid', 'token'),
  national_id: rules('national_id', 'token'),
  password_hash: rules('password', 'token'),
  password: rules('password', 'token'),
  secret: rules('token', 'text'),
  opaque: rules('token', 'text'),
  full_name: rules('full_name', 'text', 'token'),
  first_name: rules('first_name', 'text', 'token'),
  last_name: rules('last_name', 'text', 'token'),
  street: rules('street', 'text', 'token'),
  // So few that a replacement which is always the same could be looked up: drawn, or made coarser.
  postcode: [{ mask: 'randomise', shape: true }, { mask: 'generalise', bucket: 1000 }, ...rules('postcode', 'token')],
  city: rules('city', 'text', 'token'),
  country: rules('country', 'text', 'token'),
  company: rules('company', 'text', 'token'),
  username: rules('username', 'token'),
  birth_date: [
    { mask: 'generalise', to: 'year' },
    { mask: 'date' },
    { mask: 'date', per: 'snapshot' },
    { mask: 'number', noise: 0.005 },
  ],
  salary: rules('number'),
  coordinate: rules('number'),
  sensitive: [{ mask: 'randomise' }, { mask: 'randomise', values: 'own' }, ...rules('shuffle', 'null')],
  text: rules('text', 'token'),
};

/** What detectors are sure of only in strings, so that a name alone says less. */
export const toldByValues: ReadonlySet<Finding> = new Set<Finding>([
  'email',
  'card',
  'iban',
  'ip',
  'mac',
  'url',
  'uuid',
  'password_hash',
]);

function rules(...kinds: string[]): MaskRule[] {
  return kinds.map((mask) => ({ mask }));
}
