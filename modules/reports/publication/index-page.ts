import { canonicalJson } from '@zdravo/tlog';

export type Published = {
  billing_month: string;
  published_at: string;
  totals: { declaration_count: number; amount: string };
  is_complete: boolean;
  files: readonly { name: string; size: number; sha256: string }[];
};

/** The page that lists every month with its files, newest first. No script, no style from elsewhere. */
export function indexPage(months: readonly Published[]): Uint8Array {
  const sections = months.map(section).join('\n');
  return Buffer.from(`<!doctype html>
<html lang="uk">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Капітація: відкриті дані · Capitation: open data</title>
<link rel="alternate" type="application/feed+json" href="feed.json">
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b; background: #fff }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid #ccc }
td:nth-child(2) { text-align: right } code { font-size: .8rem; overflow-wrap: anywhere }
</style>
</head>
<body>
<main>
<h1 lang="uk">Капітація: відкриті дані</h1>
<p lang="en">Capitation paid each month for declarations, by legal entity, mountain status and age group. Groups of fewer than
ten are merged into the rest of their region or of the country. <code>npm run report -- totals ADDRESS MONTH POLICY</code>
checks checksums, signature, log entry and witnesses and adds up the country’s totals;
<code>npx zdravo-verify report manifest.json --policy POLICY</code> checks one manifest.</p>
<p><a href="feed.json">JSON Feed</a> · <a href="log/policy">кому вірити · whom to believe</a> · <a href="log/checkpoint">журнал · log</a></p>
${sections || '<p lang="uk">Звітів ще немає. <span lang="en">No report yet.</span></p>'}
</main>
</body>
</html>
`);
}

/** JSON Feed 1.1 (jsonfeed.org/version/1.1). */
export function jsonFeed(months: readonly Published[], url: (name: string) => string): Uint8Array {
  return canonicalJson({
    version: 'https://jsonfeed.org/version/1.1',
    title: 'Капітація: відкриті дані',
    home_page_url: url('index.html'),
    feed_url: url('feed.json'),
    language: 'uk',
    items: months.map((month) => ({
      id: url(`capitation/${month.billing_month}/manifest.json`),
      url: url(`capitation/${month.billing_month}/capitation.csv`),
      title: `Капітація за ${month.billing_month.slice(0, 7)}`,
      content_text: `${month.totals.declaration_count} declarations, ${month.totals.amount} UAH${month.is_complete ? '' : ' (without groups too small to be shown)'}`,
      date_published: month.published_at,
      attachments: month.files.map((file) => ({
        url: url(`capitation/${month.billing_month}/${file.name}`),
        mime_type: mimeOf(file.name),
        size_in_bytes: file.size,
      })),
    })),
  });
}

function section(month: Published): string {
  const folder = `capitation/${month.billing_month}`;
  const rows = month.files
    .map(
      ({ name, size, sha256 }) =>
        `<tr><td><a href="${folder}/${htmlText(name)}">${htmlText(name)}</a></td><td>${size}</td><td><code>${sha256}</code></td></tr>`,
    )
    .join('\n');
  return `<h2 id="${month.billing_month}">${month.billing_month.slice(0, 7)}</h2>
<p>${month.totals.declaration_count} декларацій · ${htmlText(month.totals.amount)} грн${month.is_complete ? '' : ' <span lang="en">(without groups too small to be shown)</span>'}</p>
<table>
<thead><tr><th>файл · file</th><th>байтів · bytes</th><th>SHA-256</th></tr></thead>
<tbody>
${rows}
<tr><td><a href="${folder}/manifest.json">manifest.json</a> · <a href="${folder}/manifest.note">підпис · signature</a> · <a href="${folder}/manifest.json.receipt.json">журнал · log entry</a> · <a href="${folder}/manifest.tlog-proof">tlog-proof</a></td><td></td><td></td></tr>
</tbody>
</table>`;
}

function htmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function mimeOf(name: string): string {
  if (name.endsWith('.csv')) return 'text/csv';
  return name.endsWith('.parquet') ? 'application/vnd.apache.parquet' : 'application/json';
}
