/** What a column may turn out to hold. */
export type Finding =
  | 'email'
  | 'phone'
  | 'card'
  | 'iban'
  | 'ip'
  | 'mac'
  | 'url'
  | 'uuid'
  | 'national_id'
  | 'password_hash'
  | 'password'
  | 'secret'
  | 'opaque'
  | 'full_name'
  | 'first_name'
  | 'last_name'
  | 'street'
  | 'postcode'
  | 'city'
  | 'country'
  | 'company'
  | 'username'
  | 'birth_date'
  | 'salary'
  | 'coordinate'
  | 'sensitive'
  | 'text';

/** Tells one form of value by the value alone. */
export interface Detector {
  finding: Finding;
  /** What reports call many of them: `e-mail addresses`. */
  label: string;
  /**
   * The share of unrelated values of the same alphabet that pass, roughly: a check digit lets every tenth number through.
   * What is told by form alone and by no accident has 0.
   */
  chance: number;
  /** The share of a column's values from which on the column is taken to be of this kind. */
  enough: number;
  matches: (value: string) => boolean;
}
