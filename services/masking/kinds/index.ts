import type { Kind } from '../kind.ts';
import { email, url, username } from './accounts.ts';
import { bytes } from './bytes.ts';
import { composite } from './composite.ts';
import { date } from './date.ts';
import { randomise, shuffle } from './draws.ts';
import { constant, nothing } from './fixed.ts';
import { generalise } from './generalise.ts';
import { hstore } from './hstore.ts';
import { ip, uuid } from './identifiers.ts';
import { json } from './json.ts';
import { mac } from './mac.ts';
import { city, company, country, firstName, fullName, lastName, street } from './names.ts';
import { nationalId } from './national-id.ts';
import { number } from './number.ts';
import { password } from './password.ts';
import { rebuild } from './rebuild.ts';
import { card, iban, phone, postcode, token } from './shaped.ts';
import { text } from './text.ts';

/** Every kind of mask, by the name that policies use. */
export const kinds: Record<string, Kind> = {
  full_name: fullName,
  first_name: firstName,
  last_name: lastName,
  email,
  phone,
  street,
  city,
  postcode,
  country,
  company,
  username,
  url,
  ip,
  mac,
  iban,
  card,
  national_id: nationalId,
  text,
  date,
  number,
  generalise,
  randomise,
  shuffle,
  token,
  uuid,
  password,
  null: nothing,
  constant,
  json,
  hstore,
  composite,
  bytes,
  rebuild,
};
