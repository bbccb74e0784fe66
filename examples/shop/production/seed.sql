-- Fills the schema that shop-backend:v0 migrated with invented people: the "production" of the demo and
-- the tests. Run by psql as a superuser. Deterministic: the same variables give the same rows.
--
--   rows           scale, default 1: about 315,000 rows; 0.01 gives about 3,200
--   salt           another salt, other people
--   canary         a word that is part of every fifth value or so of every personal column that takes
--                  letters (also in jsonb, arrays, free text, comments): search a snapshot for it
--   canary_digits  eight digits that do the same for phone numbers, cards, IBANs, UUIDs and IPv6 addresses
--
-- Names, places and products are made of syllables, so that no faker dictionary contains them.

\set ON_ERROR_STOP on
\if :{?rows}
\else
  \set rows 1
\endif
\if :{?salt}
\else
  \set salt shop
\endif
\if :{?canary}
\else
  \set canary kanari
\endif
\if :{?canary_digits}
\else
  \set canary_digits 90713842
\endif

SELECT greatest(20, round(30000 * :rows))::int AS customers,
       greatest(27, round(40000 * :rows))::int AS addresses,
       greatest(30, round(45000 * :rows))::int AS orders,
       greatest(60, round(90000 * :rows))::int AS order_items,
       greatest(27, round(40000 * :rows))::int AS payments,
       greatest(12, least(round(300 * :rows), 1000))::int AS staff,
       greatest(15, round(10000 * :rows))::int AS tickets,
       greatest(60, round(60000 * :rows))::int AS audit
\gset n_

SET search_path = shop;
BEGIN;
-- The rows refer to each other correctly by construction; checking each foreign key doubles the time.
SET LOCAL session_replication_role = replica;

-- A number that looks random: the n-th of its kind.
CREATE FUNCTION pg_temp.h(kind text, n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
RETURN hashtextextended(:'salt' || '/' || kind || '/' || n, 0) & 9223372036854775807;

CREATE FUNCTION pg_temp.syllables(r bigint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN (ARRAY['zor','quel','vrak','thrim','brax','klyv','xend','mozd','plirn','skaug','druv','fenz','glav','hrul','jixt','krev',
              'lumz','nyrv','oxt','pryz','rulv','syvv','tchal','ulmk','vezz','wroz','yldr','zhev','blorv','cweth','dwalk','gnorv'])[1 + r % 32]
    || (ARRAY['vak','brin','drel','goth','lux','mirn','nax','pell','quorn','rith','sulk','tovv','und','vish','wenk','yx',
              'zakk','bolv','dran','fyll','grum','hesk','jorn','kesh','lorv','mogg','nild','ossk','prel','rusk','synn','trell'])[1 + (r / 32) % 32];

CREATE FUNCTION pg_temp.word(kind text, n bigint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN initcap(pg_temp.syllables(pg_temp.h(kind, n)));

-- The canary, for every fifth n of its kind; `shift` keeps the columns of one row from agreeing.
CREATE FUNCTION pg_temp.canary(n bigint, shift int, before text, otherwise text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE WHEN (n + shift) % 5 = 0 THEN before || :'canary' ELSE otherwise END;

CREATE FUNCTION pg_temp.digits(r bigint, length int) RETURNS text LANGUAGE sql IMMUTABLE
RETURN lpad((r % (10::numeric ^ length)::bigint)::text, length, '0');

CREATE FUNCTION pg_temp.phone(kind text, n bigint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE WHEN n % 5 = 0 THEN '+99 ' || :'canary_digits' || ' ' || pg_temp.digits(n, 5)
            ELSE '+99 ' || pg_temp.digits(pg_temp.h(kind || '/phone', n), 11) END;

CREATE FUNCTION pg_temp.ip(kind text, n bigint) RETURNS inet LANGUAGE sql IMMUTABLE
RETURN CASE WHEN n % 5 = 0
    THEN ('2001:db8:' || left(:'canary_digits', 4) || ':' || right(:'canary_digits', 4) || '::' || to_hex(n % 65536))::inet
    ELSE '100.64.0.0'::inet + pg_temp.h(kind || '/ip', n) % 4194304 END;

CREATE FUNCTION pg_temp.uuid(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN (CASE WHEN n % 5 = 0 THEN :'canary_digits' ELSE left(md5(:'salt' || kind || n), 8) END
    || right(md5(n || kind || :'salt'), 24))::uuid;

-- German in shape, with correct check digits. (OFFSET 0, here and below, has the value computed once, not
-- wherever it is used: payments took 7 s without, and 2 s with it.)
CREATE FUNCTION pg_temp.iban(n bigint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN (SELECT 'DE' || lpad((98 - (account || '131400')::numeric % 97)::text, 2, '0') || account
        FROM (SELECT CASE WHEN n % 5 = 0 THEN :'canary_digits' ELSE pg_temp.digits(pg_temp.h('bank', n % 40), 8) END
                  || pg_temp.digits(pg_temp.h('account', n), 10) AS account OFFSET 0) a);

-- Sixteen digits, the last by Luhn.
CREATE FUNCTION pg_temp.card(n bigint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN (SELECT digits || ((10 - (SELECT sum(CASE WHEN i % 2 = 0 THEN d WHEN d > 4 THEN d * 2 - 9 ELSE d * 2 END)
                                 FROM (SELECT i, substr(digits, i, 1)::int AS d FROM generate_series(1, 15) i) s) % 10) % 10)
        FROM (SELECT '4' || CASE WHEN n % 5 = 0 THEN :'canary_digits' ELSE pg_temp.digits(pg_temp.h('card', n), 8) END
                  || pg_temp.digits(pg_temp.h('card number', n), 6) AS digits OFFSET 0) c);

CREATE FUNCTION pg_temp.moment(kind text, n bigint) RETURNS timestamptz LANGUAGE sql STABLE
RETURN '2023-01-01 00:00+00'::timestamptz + pg_temp.h(kind || '/at', n) % 94608000 * interval '1 second';

CREATE TEMP TABLE city ON COMMIT DROP AS
SELECT n, pg_temp.word('city', n) || (ARRAY['by', 'stad', 'mund', 'vik'])[1 + n % 4] || pg_temp.canary(n, 0, '-', '') AS city,
       pg_temp.word('country', n % 7) || 'ia' || CASE WHEN n % 7 = 3 THEN ' ' || :'canary' ELSE '' END AS country
FROM generate_series(1, 80) n;

-- Everyone there is: customers first, then staff (n above :n_customers).
CREATE TEMP TABLE person ON COMMIT DROP AS
SELECT names.n AS id, first_name, last_name, first_name || ' ' || last_name AS full_name,
       lower(first_name || '.' || split_part(last_name, '-', 1)) || pg_temp.canary(names.n, 1, '.', '') || names.n
           || '@' || CASE WHEN names.n % 7 = 0 THEN :'canary' ELSE lower(pg_temp.word('domain', names.n % 300)) END || '.example' AS email,
       lower(left(first_name, 3) || '_' || split_part(last_name, '-', 1)) || pg_temp.canary(names.n, 2, '_', '') || '_' || names.n AS username,
       pg_temp.phone('person', names.n) AS phone,
       DATE '1938-01-01' + (pg_temp.h('born', names.n) % 25000)::int AS birth_date,
       pg_temp.word('street', names.n) || (ARRAY[' gade', ' vej', ' allé'])[1 + names.n % 3] || pg_temp.canary(names.n, 3, ' ', '') || ' ' || 1 + pg_temp.h('house', names.n) % 140 AS street,
       pg_temp.canary(names.n, 4, '', 'ZK') || '-' || pg_temp.digits(pg_temp.h('postcode', names.n), 5) AS postcode,
       city, country, pg_temp.moment('person', names.n) AS seen_at
FROM (SELECT n::bigint, pg_temp.word('first', n) || CASE WHEN n % 11 = 0 THEN :'canary' ELSE '' END AS first_name,
             pg_temp.word('last', n) || pg_temp.canary(n, 0, '-', '') AS last_name
      FROM generate_series(1, :n_customers + :n_staff) n) names
JOIN city ON city.n = 1 + pg_temp.h('lives in', names.n) % 80;
CREATE UNIQUE INDEX ON person (id);
ANALYZE person;

INSERT INTO customers (id, public_id, username, full_name, email, phone, birth_date, company, website, street, postcode,
                       city, country, notes, preferences, aliases, newsletter, created_at)
SELECT p.id, pg_temp.uuid('customer', p.id), p.username, p.full_name, p.email, CASE WHEN p.id % 9 <> 1 THEN p.phone END, p.birth_date,
       CASE WHEN p.id % 3 = 0 THEN pg_temp.word('company', p.id) || ' & ' || p.last_name || ' A/S' END,
       CASE WHEN p.id % 4 = 0 THEN 'https://' || lower(pg_temp.word('site', p.id)) || pg_temp.canary(p.id, 0, '-', '') || '.example/~' || p.username END,
       p.street, p.postcode, p.city, p.country,
       CASE WHEN p.id % 2 = 0 THEN format('Asks to be called %s. %s %s next door takes parcels, phone %s.%s', p.first_name,
            friend.first_name, friend.last_name, friend.phone, pg_temp.canary(p.id, 2, ' Allergic, says Dr ', '')) END,
       jsonb_build_object(
           'contact', jsonb_build_object('email', p.email, 'phone', p.phone),
           'emergency', jsonb_build_object('name', friend.full_name, 'phone', friend.phone),
           'delivery', jsonb_build_array('leave it with ' || friend.first_name || pg_temp.canary(p.id, 3, ' ', ''), 'ring twice'),
           'theme', (ARRAY['lumen', 'noctis'])[1 + p.id % 2], 'points', pg_temp.h('points', p.id) % 5000, 'beta', p.id % 6 = 0),
       CASE WHEN p.id % 3 = 1 THEN ARRAY[pg_temp.word('nick', p.id) || pg_temp.canary(p.id, 4, ' ', ''), p.first_name || ' ' || friend.last_name] ELSE '{}' END,
       p.id % 3 = 0, p.seen_at
FROM person p JOIN person friend ON friend.id = 1 + pg_temp.h('friend', p.id) % :n_customers
WHERE p.id <= :n_customers ORDER BY p.id;

INSERT INTO addresses (id, customer_id, label, recipient, street, postcode, city, country, phone, latitude, longitude, is_default)
SELECT n, p.id, CASE WHEN n <= :n_customers THEN 'home' WHEN n % 2 = 0 THEN 'work' ELSE 'other' END,
       CASE WHEN n % 4 = 0 THEN 'c/o ' || lives.full_name ELSE p.full_name END,
       lives.street, lives.postcode, lives.city, lives.country, CASE WHEN n % 2 = 0 THEN lives.phone END,
       round(54 + (pg_temp.h('lat', n) % 500000) / 100000.0, 5), round(8 + (pg_temp.h('lon', n) % 500000) / 100000.0, 5),
       n <= :n_customers
FROM generate_series(1, :n_addresses) n
JOIN person p ON p.id = 1 + (n - 1) % :n_customers
JOIN person lives ON lives.id = CASE WHEN n <= :n_customers THEN n ELSE 1 + pg_temp.h('address', n) % :n_customers END;

CREATE TEMP TABLE bought ON COMMIT DROP AS
SELECT n::bigint AS n, 1 + pg_temp.h('buyer', n) % :n_customers AS customer_id, pg_temp.moment('order', n) AS placed_at
FROM generate_series(1, :n_orders) n;
CREATE UNIQUE INDEX ON bought (n);

INSERT INTO order_items (id, order_id, line, sku, product_name, quantity, unit_price_cents, engraving)
SELECT n, 1 + (n - 1) % :n_orders, 1 + (n - 1) / :n_orders, 'SKU-' || pg_temp.digits(pg_temp.h('sku', product), 6),
       pg_temp.word('product', product) || (ARRAY[' lamp', ' chair', ' kettle', ' rug', ' clock'])[1 + product % 5],
       1 + pg_temp.h('quantity', n) % 4, 500 + pg_temp.h('price', product) % 40000,
       CASE WHEN n % 10 = 0 THEN 'For ' || pg_temp.word('first', n) || ', love ' || pg_temp.word('first', n + 1) || pg_temp.canary(n / 10, 0, ' ', '') END
FROM (SELECT n, pg_temp.h('product', n) % 500 AS product FROM generate_series(1, :n_order_items) n OFFSET 0) i;

INSERT INTO orders (id, customer_id, customer_name, customer_email, status, total_cents, ship_to, gift_message, tracking_code, placed_at, updated_at)
SELECT b.n, p.id, p.full_name, p.email,
       (ARRAY['delivered', 'delivered', 'delivered', 'shipped', 'packed', 'paid', 'cancelled', 'draft'])[1 + b.n % 8]::order_status,
       total.cents, jsonb_build_object('name', p.full_name, 'street', p.street, 'postcode', p.postcode, 'city', p.city, 'email', p.email),
       CASE WHEN b.n % 6 = 0 THEN format('Happy birthday %s, from %s%s!', pg_temp.word('first', b.n), p.full_name, pg_temp.canary(b.n / 6, 0, ' and ', '')) END,
       CASE WHEN b.n % 8 < 4 THEN upper(left(md5(:'salt' || 'track' || b.n), 16)) || pg_temp.canary(b.n / 8, 0, '-', '') END,
       b.placed_at, b.placed_at + pg_temp.h('updated', b.n) % 864000 * interval '1 second'
FROM bought b JOIN person p ON p.id = b.customer_id
JOIN (SELECT order_id, sum(line_cents) AS cents FROM order_items GROUP BY 1) total ON total.order_id = b.n
ORDER BY b.n;

INSERT INTO payments (id, order_id, method, holder_name, iban, card_number, amount_cents, provider_ref, paid_at)
SELECT pg_temp.uuid('payment', n), o.id, CASE WHEN n % 3 = 0 THEN 'debit' ELSE 'card' END, o.customer_name,
       CASE WHEN n % 3 = 0 THEN pg_temp.iban(o.customer_id) END, CASE WHEN n % 3 <> 0 THEN pg_temp.card(o.customer_id) END,
       o.total_cents, 'pay_' || left(md5(:'salt' || 'pay' || n), 20) || pg_temp.canary(n, 1, '_', ''), o.placed_at + interval '2 minutes'
FROM generate_series(1, :n_payments) n JOIN orders o ON o.id = 1 + (n - 1) % :n_orders;

INSERT INTO staff (id, first_name, last_name, email, phone, department, hourly_wage, hired_on, manager_id, last_login_ip)
OVERRIDING SYSTEM VALUE
SELECT p.id - :n_customers, p.first_name, p.last_name, p.email, p.phone, (ARRAY['support', 'warehouse', 'finance'])[1 + p.id % 3],
       18 + (pg_temp.h('wage', p.id) % 4000) / 100.0, p.seen_at::date, CASE WHEN p.id - :n_customers > 3 THEN 1 + p.id % 3 END, pg_temp.ip('staff', p.id)
FROM person p WHERE p.id > :n_customers;

INSERT INTO support_tickets (id, customer_id, assigned_to, requester_email, subject, body, watchers, attachment_url, opened_at, closed_at)
SELECT n, CASE WHEN n % 10 <> 0 THEN p.id END, CASE WHEN n % 4 <> 0 THEN 1 + pg_temp.h('agent', n) % :n_staff END, p.email,
       format((ARRAY['Parcel for %s missing', 'Invoice for %s wrong', '%s wants a refund', 'Change the address of %s'])[1 + n % 4], p.last_name) || pg_temp.canary(n, 2, ' / ', ''),
       format(E'Hello,\nmy name is %s, I live at %s in %s. You can call me at %s or write to %s. %s already knows about it.\nRegards, %s%s',
              p.full_name, p.street, p.city, p.phone, p.email, agent.full_name, p.first_name, pg_temp.canary(n, 1, ' ', '')),
       CASE WHEN n % 3 = 0 THEN ARRAY[p.email, agent.email] ELSE '{}' END,
       CASE WHEN n % 5 < 2 THEN 'https://files.shop.example/' || p.username || '/' || pg_temp.canary(n, 0, '', 'scan') || '-' || n || '.pdf' END,
       opened.at, CASE WHEN n % 4 <> 1 THEN opened.at + pg_temp.h('closed', n) % 1000000 * interval '1 second' END
FROM generate_series(1, :n_tickets) n
CROSS JOIN LATERAL (SELECT pg_temp.moment('ticket', n) AS at) opened
JOIN person p ON p.id = 1 + pg_temp.h('requester', n) % :n_customers
JOIN person agent ON agent.id = :n_customers + 1 + pg_temp.h('agent', n) % :n_staff;

INSERT INTO audit_log (id, at, actor, action, ip, user_agent, session_token, details)
OVERRIDING SYSTEM VALUE
SELECT n, pg_temp.moment('audit', n), p.email, (ARRAY['login', 'order.place', 'profile.update', 'ticket.open'])[1 + n % 4], pg_temp.ip('audit', n),
       format('ShopApp/%s.%s (%s; %s''s phone%s)', 3 + n % 3, n % 10, (ARRAY['Qorvo OS 14', 'Velm 9', 'Nyx 2.1'])[1 + n % 3], p.first_name, pg_temp.canary(n, 3, ' ', '')),
       md5(:'salt' || 'session' || n) || pg_temp.canary(n, 4, '.', ''),
       CASE n % 4 WHEN 2 THEN jsonb_build_object('email', p.email, 'changed', jsonb_build_object('phone', jsonb_build_object('from', pg_temp.phone('old', n), 'to', p.phone)), 'reason', 'asked by ' || p.full_name, 'ms', n % 900)
                  WHEN 1 THEN jsonb_build_object('email', p.email, 'order', 1 + n % :n_orders, 'ok', true)
                  ELSE jsonb_build_object('email', p.email, 'ok', n % 50 <> 0) END
FROM generate_series(1, :n_audit) n JOIN person p ON p.id = 1 + pg_temp.h('actor', n) % (:n_customers + :n_staff);

-- Comments carry personal data too.
SELECT format('COMMENT ON %s IS %L', object, text)
FROM person p CROSS JOIN LATERAL (VALUES
    ('TABLE customers', 'Test with ' || p.full_name || ' (' || p.email || '), not with ' || :'canary'),
    ('COLUMN orders.gift_message', 'Ask ' || p.full_name || ' ' || :'canary' || ' before you change this, ' || p.phone),
    ('TYPE order_status', 'Agreed with ' || p.full_name || ' ' || :'canary')) comments (object, text)
WHERE p.id = 5
\gexec

SELECT setval(pg_get_serial_sequence('customers', 'id'), :n_customers) AS customers,
       setval(pg_get_serial_sequence('addresses', 'id'), :n_addresses) AS addresses,
       setval(pg_get_serial_sequence('orders', 'id'), :n_orders) AS orders,
       setval(pg_get_serial_sequence('order_items', 'id'), :n_order_items) AS order_items,
       setval(pg_get_serial_sequence('staff', 'id'), :n_staff) AS staff,
       setval(pg_get_serial_sequence('support_tickets', 'id'), :n_tickets) AS support_tickets,
       setval(pg_get_serial_sequence('audit_log', 'id'), :n_audit) AS audit_log;

REFRESH MATERIALIZED VIEW city_revenue;
COMMIT;
VACUUM (ANALYZE) customers, addresses, orders, order_items, payments, staff, support_tickets, audit_log;
ANALYZE city_revenue;
