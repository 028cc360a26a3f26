/** Mail that other servers bring to a test installation: of each kind that a person gets. */
import nodemailer from 'nodemailer'
import type { Installation } from './installation.ts'

type Letter = Parameters<ReturnType<typeof nodemailer.createTransport>['sendMail']>[0] & { from: string }

const transparent =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfz0AEYBxVSF+FAAhKDveksOjmAAAAAElFTkSuQmCC'

/** A picture of one colour. */
export const picture = Buffer.from(transparent, 'base64')

const pdf = Buffer.from(
  '%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n',
)

const newsletter = (name: string) => `<html><head><style>
  .card { background: #fff7e8; padding: 24px; font-family: Georgia, serif } @import url(https://tracker.example/x.css);
  .hero { background-image: url(https://images.shop.example/hero.png) }
</style></head><body bgcolor="#f4efe6"><table width="600" align="center" cellpadding="0"><tr><td class="card hero">
  <img src="https://images.shop.example/logo.png" width="120" height="40" alt="Tea House">
  <h1 style="color:#7a3b10">Winter teas are here</h1>
  <p>Dear ${name}, twelve new blends from Sylhet and Panchagarh, and 15% off until Friday.</p>
  <p><a href="https://shop.example/winter" style="background:#7a3b10;color:#fff;padding:10px 18px;text-decoration:none">See the blends</a></p>
  <img src="https://tracker.example/open.gif?id=42" width="1" height="1">
</td></tr></table></body></html>`

/** In the order in which they come. */
export function letters(name: string, address: string): Letter[] {
  const to = `${name} <${address}>`
  return [
    {
      from: 'Karim Mia <karim@flour.example>',
      to,
      subject: 'Flour prices for December',
      messageId: '<prices-1@flour.example>',
      text: 'Good morning,\n\nthe prices for December are in the file. A sack is 2,150 taka from 20 sacks on.\n\nhttps://flour.example/prices?month=12\n\nKarim',
      attachments: [
        { filename: 'prices-december.pdf', content: pdf, contentType: 'application/pdf' },
        { filename: 'mill.png', content: picture, contentType: 'image/png' },
        { filename: 'prices.csv', content: 'sort,taka\natta,2150\nmaida,2300\n', contentType: 'text/csv' },
      ],
    },
    {
      from: 'Rumana Haque <rumana@flour.example>',
      to,
      cc: 'Karim Mia <karim@flour.example>',
      subject: 'Re: Flour prices for December',
      messageId: '<prices-2@flour.example>',
      inReplyTo: '<prices-1@flour.example>',
      references: '<prices-1@flour.example>',
      text: 'We can also deliver on Saturdays.\n\nRumana\n\nOn Sat, 21 Nov 2026 at 09:00, Karim Mia wrote:\n> Good morning,\n>\n> the prices for December are in the file.\n>> What do they cost?\n',
    },
    {
      from: 'Tea House <news@shop.example>',
      to,
      subject: 'Winter teas are here: 15% off',
      html: newsletter(name),
      headers: {
        'List-Unsubscribe': '<https://shop.example/leave?u=42>',
        'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
        'List-Id': '<news.shop.example>',
        Precedence: 'bulk',
      },
    },
    {
      from: 'Build robot <builds@works.example>',
      to,
      subject: '[works] Build 4812 passed',
      text: 'All 1,204 tests passed in 3 minutes.\nhttps://works.example/builds/4812\n',
      headers: { 'Auto-Submitted': 'auto-generated' },
    },
    {
      from: 'Nadia Islam via Circle <notify@circle.example>',
      to,
      subject: 'Nadia commented on your picture',
      html: '<p><b>Nadia Islam</b> commented: “What a colour!”</p><p><a href="https://circle.example/p/1">Look at it</a></p>',
      headers: { 'Feedback-ID': 'comment:circle' },
    },
    {
      from: 'Tareq Hasan <tareq@people.example>',
      to: 'bakers <bakers@lists.example>',
      subject: '[bakers] Proving in winter',
      text: 'How long do you prove the dough at 18 degrees?\n\nTareq\n',
      headers: {
        'List-Id': 'Bakers <bakers.lists.example>',
        'List-Post': '<mailto:bakers@lists.example>',
        'List-Unsubscribe': '<mailto:leave@lists.example>',
      },
    },
    {
      from: 'ফারহানা ইয়াসমিন <farhana@people.example>',
      to,
      subject: 'শুক্রবারের দাওয়াত',
      text: 'আসসালামু আলাইকুম,\n\nশুক্রবার দুপুরে আমাদের বাসায় আপনাদের দাওয়াত। মিষ্টি আনতে ভুলবেন না।\n\nফারহানা\n',
    },
    {
      from: 'Ayesha Siddiqua <ayesha@people.example>',
      to,
      subject: 'Pictures of the new shop window',
      html: '<p>Look how it turned out:</p><p><img src="cid:window@people.example" width="320" height="160" alt="Shop window"></p><p>With love,<br>Ayesha</p>',
      attachments: [
        { filename: 'window.png', content: picture, contentType: 'image/png', cid: 'window@people.example' },
      ],
    },
  ]
}

/** Brings them one after another. */
export async function bring(
  { smtpPort, names }: Installation,
  address: string,
  all: readonly Letter[],
): Promise<void> {
  const transport = nodemailer.createTransport({
    host: '127.0.0.1',
    port: smtpPort,
    ignoreTLS: true,
    name: 'mx.elsewhere.example',
  })
  for (const letter of all) {
    const sender = /<?([^<>\s]+@[^<>\s]+)>?$/.exec(letter.from)![1]!
    const domain = sender.split('@')[1]!
    names.zone[domain] ??= { TXT: ['v=spf1 ip4:127.0.0.1 -all'] }
    names.zone[`_dmarc.${domain}`] ??= { TXT: ['v=DMARC1; p=reject'] }
    await transport.sendMail({ ...letter, envelope: { from: sender, to: [address] } })
  }
  transport.close()
}
