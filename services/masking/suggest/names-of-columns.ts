import type { Finding } from './detect/detector.ts';

/** What the name of a column says, before anybody has looked at a value. */
export interface Hint {
  finding: Finding;
  /** 0 to 1: how often such a name keeps what it says. */
  weight: number;
  /** What it says, for a person. */
  says: string;
}

/** `customerEMail2` as `customer_e_mail_2`: words in lower case with one underscore between. */
export function wordsOf(name: string): string {
  return name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/ß/g, 'ss')
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1_$2')
    .replace(/(\p{L})(\d)/gu, '$1_$2')
    .toLowerCase()
    .replace(/[^\p{L}\d]+/gu, '_')
    .replace(/^_+|_+$/g, '');
}

const person =
  'customer|client|user|person|people|patient|employee|staff|member|contact|guest|student|teacher|doctor|author|owner|holder|recipient|sender|' +
  'receiver|applicant|beneficiary|driver|passenger|tenant|visitor|subscriber|lead|candidate|manager|agent|attendee|kunde|mitarbeiter|personne|persona|cardholder|assignee|requester|reporter|reviewer|buyer|seller|payer|payee';

/** Of words in lower case with one space between them. The first that fits counts. */
const hints: [pattern: string, finding: Finding, weight: number, says: string][] = [
  [
    'pass(word|wd|phrase|wort)?( (hash|digest|salted|encrypted|bcrypt))|(hashed|encrypted|crypted) (password|pwd)|pw hash|pwd hash|hashed pw|password digest',
    'password_hash',
    0.85,
    'password hash',
  ],
  [
    'password|passwd|passphrase|passwort|kennwort|mot de passe|contrasena|pwd|pin( code)?',
    'password',
    0.75,
    'password',
  ],
  [
    'secret|api ?key|access key|private key|signing key|encryption key|credential|credentials|(access|refresh|auth|session|reset|csrf|bearer|id|device|push|confirmation|invitation|remember|verification|unlock|api|login) token|token|otp( secret)?|totp( secret)?|session( id| key)?|webhook url|recovery codes?|salt|jwt|cookie',
    'secret',
    0.7,
    'token or secret',
  ],
  ['e ?mails?|e mail address(es)?|mail( address)?|courriel|correo', 'email', 0.7, 'e-mail'],
  ['user agent|useragent', 'text', 0.7, 'user agent'],
  ['i ?ban|bank account( number| no)?|account iban', 'iban', 0.75, 'IBAN'],
  [
    '(credit |debit |bank )?card (number|no|num|nr|pan)|cc (number|num|no)|creditcard|pan|kartennummer',
    'card',
    0.75,
    'payment card',
  ],
  [
    'ssn|social security( number| no)?|sin|nino|national (id|insurance|identity)( number| no)?|(personal|national|citizen|resident|identity) (number|code|id|no)|tax (id|number|no)|tin|steuer ?(id|nummer)|passport( number| no)?|(driver|driving|drivers) licen[cs]e( number| no)?|id card( number)?|pesel|bsn|nif|nie|dni|cpf|curp|aadhaar|personnummer|cpr|codice fiscale|nir|ahv|medicare( number)?|nhs( number)?|insurance (number|no)|insee',
    'national_id',
    0.75,
    'national id',
  ],
  [
    '(tele)?phones?( number| no| nr)?|tel|telefon(nummer)?|telefono|telephone( number)?|mobile( number| phone)?|cell(phone)?( number)?|handy( nummer)?|fax( number)?|msisdn|sms( number)?|whats ?app( number)?',
    'phone',
    0.7,
    'phone',
  ],
  [
    'dob|date of birth|birth ?(date|day)|birth( on| at)?|born( on| at)?|geburts ?(datum|tag)|date (de )?naissance|fecha( de)? nacimiento|birth year|year of birth|yob',
    'birth_date',
    0.8,
    'birth date',
  ],
  [
    'gender|sex|geschlecht|race|ethnic(ity)?( group)?|religion|religious( affiliation)?|marital status|civil status|diagnos[ie]s|disease|medical( condition)?|allerg(y|ies)|blood (type|group)|sexual orientation|political( party| views)?|union member|is pregnant|pregnan(t|cy)|disabilit(y|ies)|disabled person|hiv( status)?|criminal record|nationality|health( status)?',
    'sensitive',
    0.8,
    'something about a person that is nobody’s business',
  ],
  ['mac( address)?|hardware address|bssid', 'mac', 0.6, 'MAC address'],
  [
    '((remote|client|last login|login|source|src|dest|dst|user|peer|sign in|last sign in|current sign in) )?ip(v4|v6| v 4| v 6)?( address| addr)?|remote addr(ess)?|x forwarded for',
    'ip',
    0.7,
    'IP address',
  ],
  [
    'first names?|given names?|forename|fname|vorname|prenom|primer nombre|nombre de pila|middle names?|firstname|givenname',
    'first_name',
    0.75,
    'first name',
  ],
  [
    'last names?|sur ?names?|family names?|lname|nachname|familienname|nom de famille|apellidos?|lastname|familyname|maiden name|cognome',
    'last_name',
    0.75,
    'last name',
  ],
  [
    'user ?name|login( name)?|nick ?(name)?|handle|screen name|benutzername|account name|alias',
    'username',
    0.6,
    'user name',
  ],
  [
    'full ?names?|display name|real name|legal name|nombre completo|nom complet|name on card|card ?holder( name)?|account holder|holder( name)?|recipient( name)?|addressee|contact (name|person)|emergency contact|next of kin|signatory|signed by',
    'full_name',
    0.7,
    'a person’s name',
  ],
  [`(${person}) (full )?name`, 'full_name', 0.7, 'a person’s name'],
  ['aliases|nicknames|also known as|aka', 'full_name', 0.5, 'names'],
  [
    'company( name)?|organi[sz]ation( name)?|employer( name)?|firma|firmenname|business name|societe|empresa|legal entity',
    'company',
    0.6,
    'company',
  ],
  [
    'post(al)? ?code|zip( ?code)?|plz|postleitzahl|code postal|codigo postal|cap|cep|pin ?code|eircode',
    'postcode',
    0.7,
    'postcode',
  ],
  [
    '(address )?(street|strasse|rue|calle|via)( address| name| line| no| number)?( \\d)?|(address|addr|adresse|direccion|indirizzo)( line)?( \\d)?|line \\d|house( number| no| nr)|hausnummer|apartment( number)?|(billing|shipping|delivery|home|work|postal|mailing) address',
    'street',
    0.65,
    'postal address',
  ],
  [
    'city|town|ort|stadt|ville|ciudad|citta|locality|municipality|suburb|place of birth|birth ?place|geburtsort',
    'city',
    0.6,
    'city',
  ],
  ['country( name)?|land|pays|pais', 'country', 0.5, 'country'],
  ['latitude|longitude|lat|lon|lng|long|geo (lat|lon|lng)|gps (lat|lon|lng)', 'coordinate', 0.7, 'coordinates'],
  [
    '((hourly|monthly|annual|yearly|base|gross|net|daily) )?(salary|wages?|income|pay|compensation|earnings|gehalt|lohn|salaire|sueldo)( cents| amount| rate)?|net worth|credit (score|limit)',
    'salary',
    0.7,
    'what somebody earns',
  ],
  [
    'web ?sites?|home ?page|urls?|uri|(profile|avatar|image|photo|picture|attachment|file|document|callback|redirect) ur[li]|links?|avatar|photo|referr?er',
    'url',
    0.5,
    'URL',
  ],
  [
    'notes?|comments?|descriptions?|messages?|body|bio(graphy)?|about( me)?|remarks?|subject|text|content|memo|feedback|reason|summary|details|bemerkung|kommentar|nachricht|beschreibung|notiz(en)?|commentaires?|comentarios?|engraving|instructions?|transcript|answers?|reviews?',
    'text',
    0.5,
    'free text',
  ],
];

/** Anchored at the end, so that `email_verified` is no e-mail; plurals and numbers behind are let pass. */
const patterns = hints.map(([pattern, finding, weight, says]) => {
  const ending = `(?:${pattern})s?(?: \\d+| (?:raw|original|old|new|primary|secondary|work|home|private|encrypted|normalized|lower|value))?$`;
  return {
    expression: new RegExp(`(?:^| )${ending}`),
    whole: new RegExp(`^${ending}`),
    hint: { finding, weight, says },
  };
});

const peopleTable = new RegExp(`(?:^| )(?:${person})s?$`);
const people = /^(?:people|persons|staff|kunden|personen|personnes|personas)$/;

const bareName = /^(?:name|names|nom|nombre)$/;
/** What stands beside the name of a person. */
const ofPeople: ReadonlySet<Finding> = new Set<Finding>(['email', 'phone', 'birth_date', 'street', 'national_id']);

/** @param siblings the other columns of the table: beside an e-mail address, `name` is a person's. */
export function hintOf(table: string, column: string, siblings: readonly string[] = []): Hint | undefined {
  const words = wordsOf(column).replaceAll('_', ' ');
  for (const { expression, hint } of patterns) if (expression.test(words)) return hint;
  if (!bareName.test(words)) return undefined;
  const tableWords = wordsOf(table).replaceAll('_', ' ');
  if (peopleTable.test(tableWords) || people.test(tableWords))
    return { finding: 'full_name', weight: 0.65, says: 'the name of one of these people' };
  if (siblings.some((sibling) => sibling !== column && ofPeople.has(hintOf('', sibling)?.finding ?? 'text')))
    return { finding: 'full_name', weight: 0.5, says: 'a name, beside columns of people' };
  return undefined;
}

/** Whether a name is made of such words alone, as `email` is and `anna_schmidt_email` is not. */
export function isWholeHint(name: string): boolean {
  const words = wordsOf(name).replaceAll('_', ' ');
  return patterns.some(({ whole }) => whole.test(words));
}

const bookkeeping =
  /^(?:created|updated|modified|inserted|deleted|changed|archived|imported|synced|indexed|processed|loaded|last (?:modified|updated|changed|synced)|creation|modification|row (?:created|updated)|gmt (?:create|modified)|date (?:created|updated|modified)|erstellt|geandert)(?: ?(?:at|on|time|date|ts|timestamp|utc|am))?$/;

/** When a row was written and changed, which the application sets and no person. */
export function isBookkeepingTime(column: string): boolean {
  return bookkeeping.test(wordsOf(column).replaceAll('_', ' '));
}

const counting =
  /(?:^| )(?:count|counter|quantity|qty|position|pos|sort|sort order|ordering|ordinal|index|idx|line|line no|sequence|seq|version|revision|rev|lock version|attempts?|retries|priority|rank|level|depth|stock|width|height|length|weight|size|bytes|pages?|duration|duration ms|ms|seconds|minutes|ttl|step|batch|port|status|status code|flags?)$/;

/** What is counted, and not about whom. */
export function isCount(column: string): boolean {
  return counting.test(wordsOf(column).replaceAll('_', ' '));
}

const foreign =
  /(?:^| )(?:external|national|tax|passport|device|government|personal|citizen|facebook|google|apple|twitter|github|linkedin|stripe|paypal|telegram|discord|slack|okta|auth|card|bank)(?: |$)/;

/** A number that this database gave, as its name says: `id`, `pk`, `order_id`. */
export function isKeyName(column: string): boolean {
  const words = wordsOf(column).replaceAll('_', ' ');
  return /(?:^| )(?:id|pk|oid)$/.test(words) && !foreign.test(words);
}

/** Tables that migrators keep their books in. */
export function isMigratorsTable(table: string): boolean {
  return /^(?:seaql_migrations|_sqlx_migrations|schema_migrations|__diesel_schema_migrations|ar_internal_metadata|alembic_version)$/.test(
    table,
  );
}
