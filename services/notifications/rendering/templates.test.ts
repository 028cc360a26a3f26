import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Liquid } from 'liquidjs'
import { addFilters } from './filters.ts'
import { allTexts, readTemplateFile, templates, textOf, type Template } from './catalogue.ts'
import { render } from './render.ts'

const engine = addFilters(new Liquid(), 'text')
const samples: Record<string, string | number> = {
  code: '123456',
  link: 'https://post.example/do?token=abc&x=1',
  minutes: 10,
  days: 7,
  time: '2026-11-21T12:05:00.000Z',
  change: 'totpAdded',
}
const sampleOf = (name: string) => samples[name] ?? `<${name} & "co">`
const reader = {
  timeZone: 'Asia/Dhaka',
  domain: 'post.example',
  preferencesUrl: 'https://post.example/choose',
}

const variablesOf = ({ variables, optionalVariables }: Template) => [...variables, ...optionalVariables]
const all = (template: Template) =>
  Object.fromEntries(variablesOf(template).map((name) => [name, sampleOf(name)]))

for (const template of templates.values())
  for (const language of ['en', 'bn'] as const) {
    test(`${template.code} in ${language} says everything it is given`, async () => {
      for (const channel of template.channels) {
        assert.equal(textOf(template.code, channel, language)?.language, language, 'it is in this language')
        const { subject, text, html } = await render(template, channel, all(template), {
          ...reader,
          language,
        })
        for (const part of [text, html ?? '', subject ?? ''])
          assert.doesNotMatch(part, /\{[{%]|undefined|\[object/)
        if (channel !== 'email') continue
        assert.ok(subject, 'it has a subject')
        assert.match(html ?? '', new RegExp(`<html lang="${language}">`))
        assert.doesNotMatch(
          html ?? '',
          /<(?:name|installation|inviter|device|address)\b/,
          'values are escaped',
        )
        assert.doesNotMatch(html ?? '', /<img|url\(|src=/, 'nothing is fetched from elsewhere')
      }
    })

    test(`${template.code} in ${language} uses the variables it declares, and no other`, () => {
      const used = template.channels.flatMap((channel) => {
        const { subject, content } = textOf(template.code, channel, language)!
        return engine.globalVariablesSync(`${subject ?? ''}\n${content}`)
      })
      assert.deepEqual([...new Set(used)].sort(), variablesOf(template).sort())
    })

    test(`${template.code} in ${language} does without what is optional, and not without the rest`, async () => {
      for (const channel of template.channels) {
        const needed = Object.fromEntries(template.variables.map((name) => [name, sampleOf(name)]))
        const { text } = await render(template, channel, needed, { ...reader, language })
        assert.doesNotMatch(text, /null|undefined/)
        const used = engine.globalVariablesSync(textOf(template.code, channel, language)!.content)
        for (const name of template.variables.filter((name) => used.includes(name))) {
          const { [name]: _, ...others } = needed
          await assert.rejects(
            render(template, channel, others, { ...reader, language }),
            /undefined variable/,
          )
        }
      }
    })
  }

test('every file of the templates belongs to one', () => {
  const declared = [...templates.values()].flatMap(({ code, channels }) =>
    channels.flatMap((channel) => [`${code}/${channel}.en`, `${code}/${channel}.bn`]),
  )
  const there = allTexts().map(
    ({ template, channel, text }) => `${template.code}/${channel}.${text.language}`,
  )
  assert.deepEqual(there.sort(), declared.sort())
})

test('an SMS is short: one part in English, two in Bengali, but for its link', async () => {
  for (const template of templates.values())
    for (const language of ['en', 'bn'] as const) {
      if (!template.channels.includes('sms')) continue
      const values = { ...all(template), link: '', installation: 'Post', inviter: 'Rahima' }
      const { text } = await render(template, 'sms', values, { ...reader, language })
      // 3GPP TS 23.038: 160 characters of the 7-bit alphabet, or two parts of 67 in UCS-2.
      assert.ok(text.length <= (language === 'en' ? 160 : 134), `${template.code}: ${text.length} characters`)
    }
})

test('text keeps values as they are, HTML escapes them, and none can pose as a paragraph or a header', async () => {
  const name = 'Eve <b>&</b>\r\nBcc: all@people.example\n\nClick here'
  const { subject, text, html } = await render(
    templates.get('welcome_email')!,
    'email',
    { name },
    { ...reader, language: 'en' },
  )
  assert.equal(subject, 'Welcome, Eve <b>&</b> Bcc: all@people.example Click here')
  assert.match(text, /^Hello Eve <b>&<\/b> Bcc: all@people\.example Click here, good/)
  assert.match(html ?? '', /Hello Eve &lt;b&gt;&amp;&lt;\/b&gt; Bcc/)
})

test('links, codes and labels of buttons are escaped in HTML', async () => {
  const variables = { code: '<1>', link: 'https://x.example/"><script>', minutes: 1 }
  const { html, text } = await render(templates.get('verify_email')!, 'email', variables, {
    ...reader,
    language: 'en',
  })
  assert.doesNotMatch(html ?? '', /<script>|<1>/)
  assert.match(text, /https:\/\/x\.example\/"><script>/)
})

test('times are those of the reader, in the digits of the language', async () => {
  const template = templates.get('new_sign_in')!
  const variables = { ...all(template), time: '2026-11-21T20:05:00.000Z' }
  const english = await render(template, 'email', variables, { ...reader, language: 'en' })
  assert.match(english.text, /Time: 22 November 2026 at 0?2:05 GMT\+6/)
  const bengali = await render(template, 'email', variables, { ...reader, language: 'bn' })
  assert.match(bengali.text, /সময়: ২২ নভেম্বর,? ২০২৬/)
  assert.match(bengali.text, /২:০৫/)
  assert.match(
    (
      await render(
        templates.get('password_reset')!,
        'sms',
        { link: 'x', minutes: 30 },
        { ...reader, language: 'bn' },
      )
    ).text,
    /৩০ মিনিট/,
  )
  const unknown = await render(
    template,
    'email',
    { ...variables, time: 'just now' },
    { ...reader, language: 'en' },
  )
  assert.match(unknown.text, /Time: just now/)
})

test('only what people may refuse tells where', async () => {
  const options = { ...reader, language: 'en' as const }
  const news = await render(templates.get('welcome_email')!, 'email', { name: 'R' }, options)
  assert.match(news.text, /https:\/\/post\.example\/choose/)
  const security = await render(
    templates.get('password_changed')!,
    'email',
    {},
    { ...options, preferencesUrl: null },
  )
  assert.doesNotMatch(security.text, /choose/)
  assert.match(readTemplateFile('layout.liquid'), /prefers-color-scheme: dark/)
})
