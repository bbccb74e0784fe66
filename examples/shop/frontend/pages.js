/** Every page is a function from data to HTML; `html` escapes what is put into it. */
export function customersPage(site, { stats, total, customers, offset, limit }) {
  const first = customers.length === 0 ? 0 : offset + 1;
  const page = (at, label, enabled) =>
    enabled
      ? html`<a class="button" href="${site.base}/?offset=${at}">${label}</a>`
      : html`<span class="button off">${label}</span>`;
  return layout(
    site,
    'Customers',
    html`
    <section class="tiles" aria-label="Figures">
      ${tile('Customers', html`<span id="live-count">${number(total)}</span>`, html`<span id="live" class="live">connecting</span>`)}
      ${tile('Orders', html`<span data-stat="orders">${number(stats.tables.orders)}</span>`, html`<span data-stat="order_items">${number(stats.tables.order_items)}</span> items`)}
      ${tile('Revenue', `€${short(stats.revenue_cents / 100)}`, html`in ${number(stats.cities)} cities`)}
      ${tile('Support tickets', html`<span data-stat="support_tickets">${number(stats.tables.support_tickets)}</span>`, html`<span data-stat="audit_log">${number(stats.tables.audit_log)}</span> audit entries`)}
    </section>
    <div class="columns">
      <section class="card">
        <header>
          <h2>Customers</h2>
          <nav aria-label="Pages">
            <span class="quiet">${number(first)}–${number(offset + customers.length)} of ${number(total)}</span>
            ${page(Math.max(0, offset - limit), 'Back', offset > 0)}
            ${page(offset + limit, 'Next', offset + limit < total)}
          </nav>
        </header>
        <div class="scroll"><table>
          <thead><tr><th>Name</th><th>Phone</th><th>City</th><th>Since</th></tr></thead>
          <tbody>${customers.map(
            (c) => html`
            <tr>
              <td><a class="person" href="${site.base}/customers/${c.id}"><i style="--hue:${(c.id * 47) % 360}">${initials(c.full_name)}</i><span>${c.full_name}<small>${c.email}</small></span></a></td>
              <td class="number">${c.phone ?? ''}</td><td>${c.city}</td><td class="number">${c.created_at.slice(0, 10)}</td>
            </tr>`,
          )}
          </tbody>
        </table></div>
        ${customers.length === 0 ? html`<p class="quiet">No customers yet.</p>` : ''}
      </section>
      <aside class="card">
        <header><h2>Top cities</h2></header>
        <ol class="bars">${stats.top_cities.map(
          (c) => html`
          <li style="--share:${(c.revenue_cents / Math.max(1, stats.top_cities[0].revenue_cents)).toFixed(3)}">
            <b>${c.city}</b><span>${euros(c.revenue_cents)}</span><small>${c.top_customer}</small>
          </li>`,
        )}
        </ol>
      </aside>
    </div>`,
  );
}

export function customerPage(site, c) {
  return layout(
    site,
    c.full_name,
    html`
    <p><a href="${site.base}/">← Customers</a></p>
    <section class="card profile">
      <header><h2>${c.full_name}</h2><span class="quiet">${c.username}</span></header>
      <dl>
        ${pair('E-mail', c.email)} ${pair('Phone', c.phone)} ${pair('Born', c.birth_date)} ${pair('Company', c.company)}
        ${pair('Address', `${c.street}, ${c.postcode} ${c.city}, ${c.country}`)} ${pair('Also known as', c.aliases.join(', '))}
        ${pair('Notes', c.notes)}
      </dl>
    </section>
    <section class="card">
      <header><h2>Orders</h2><span class="quiet">${c.orders.length}</span></header>
      <div class="scroll"><table>
        <thead><tr><th>No.</th><th>Placed</th><th>Status</th><th>Items</th><th class="right">Total</th></tr></thead>
        <tbody>${c.orders.map(
          (o) => html`
          <tr><td class="number">${o.id}</td><td class="number">${o.placed_at.slice(0, 10)}</td><td><span class="status ${o.status}">${o.status}</span></td>
            <td>${o.items.map((i) => `${i.quantity} × ${i.product_name}`).join(', ')}</td><td class="number right">${euros(o.total_cents)}</td></tr>`,
        )}
        </tbody>
      </table></div>
      ${c.orders.length === 0 ? html`<p class="quiet">No orders yet.</p>` : ''}
    </section>`,
  );
}

export function errorPage(site, error) {
  return layout(
    site,
    'Sorry',
    html`<section class="card error"><h2>That did not work</h2><p>${error.message}</p><p><a href="${site.base}/">To the customers</a></p></section>`,
  );
}

function layout(site, title, body) {
  const { version } = site;
  return html`<!doctype html>
<html lang="en" data-base="${site.base}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${title} · ${site.shopName}</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="${site.base}${site.assets.css}">
  <script type="module" src="${site.base}${site.assets.js}"></script>
</head>
<body>
  <header class="top"><a class="brand" href="${site.base}/">${site.shopName}</a><span>Back office</span>
    ${version ? html`<code title="${version.migration ?? 'no migration'}">${version.version}</code>` : ''}</header>
  <main>${body}</main>
</body>
</html>
`.text;
}

const tile = (label, value, note) =>
  html`<div class="tile"><h3>${label}</h3><strong>${value}</strong><p>${note}</p></div>`;
const pair = (label, value) => (value ? html`<div><dt>${label}</dt><dd>${value}</dd></div>` : '');
const number = (n) => n.toLocaleString('en-GB');
const short = (n) => n.toLocaleString('en-GB', { notation: 'compact', maximumFractionDigits: 2 });
const euros = (cents) => `€${number(Math.round(cents / 100))}`;
const initials = (name) =>
  name
    .split(/\s+/)
    .map((word) => word[0])
    .slice(0, 2)
    .join('');

class Html {
  constructor(text) {
    this.text = text;
  }
}

function html(strings, ...values) {
  return new Html(String.raw({ raw: strings }, ...values.map(render)));
}

function render(value) {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(render).join('');
  return String(value).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
