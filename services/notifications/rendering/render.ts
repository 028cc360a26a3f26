/** Makes what people read of a template and its variables. */
import { Liquid } from 'liquidjs'
import type { z } from 'zod'
import type { Channel, Rendering } from '#contracts/notifications.ts'
import { textOf, readTemplateFile, type Language, type Template, type TemplateText } from './catalogue.ts'
import { addFilters, type FilterGlobals } from './filters.ts'

export type Variables = Readonly<Record<string, string | number | boolean>>

/** For whom and from whom. */
export interface Setting {
  language: Language
  timeZone: string
  /** Name of the installation. */
  domain: string
  /** Where people choose what they are told; null where they can't. */
  preferencesUrl: string | null
}

/** Throws where the template needs a variable that is not there. */
export async function render(
  template: Template,
  channel: Channel,
  variables: Variables,
  setting: Setting,
): Promise<z.output<typeof Rendering>> {
  const text = textOf(template.code, channel, setting.language)
  if (!text) throw new Error(`${template.code} has no text for ${channel}`)
  const scope = scopeOf(template, variables)
  const globals = { ...setting, language: text.language }
  if (channel !== 'email')
    return { subject: null, text: await fill(plain, text.content, scope, globals), html: null }
  const subject = oneLine(await fill(plain, text.subject ?? '', scope, globals))
  return {
    subject,
    text: await plainMail(text, scope, globals),
    html: await htmlMail(text, scope, { ...globals, subject }),
  }
}

type Scope = Record<string, string | number | boolean | null>

async function plainMail(
  text: TemplateText,
  scope: Scope,
  globals: FilterGlobals & Setting,
): Promise<string> {
  const body = await fill(plain, text.content, scope, globals)
  const footer = await fill(plain, readTemplateFile(`footer.${text.language}.liquid`), scope, globals)
  // RFC 3676 §4.3: what follows this line is a signature.
  return `${paragraphsOf(body).join('\n\n')}\n\n-- \n${paragraphsOf(footer).join('\n')}\n`
}

async function htmlMail(
  text: TemplateText,
  scope: Scope,
  globals: FilterGlobals & Setting & { subject: string },
): Promise<string> {
  const body = await fill(html, text.content, scope, globals)
  const footer = await fill(html, readTemplateFile(`footer.${text.language}.liquid`), scope, globals)
  const layoutScope = {
    body: paragraphsOf(body)
      .map((paragraph) => inHtml(paragraph, bodyStyle))
      .join('\n'),
    footer: paragraphsOf(footer)
      .map((paragraph) => inHtml(paragraph, footerStyle))
      .join('\n'),
  }
  return fill(html, readTemplateFile('layout.liquid'), layoutScope, globals)
}

const bodyStyle = 'margin:0 0 16px;font-size:16px;line-height:1.5'
const footerStyle = 'margin:0 0 4px;font-size:13px;line-height:1.5'

/** What a filter made, such as a button, is HTML of its own; values are escaped and can't begin with `<`. */
function inHtml(paragraph: string, style: string): string {
  if (paragraph.startsWith('<')) return paragraph
  return `<p style="${style}">${paragraph.replaceAll('\n', '<br>')}</p>`
}

function paragraphsOf(text: string): string[] {
  return text.split(/\n\s*\n/).flatMap((paragraph) => paragraph.trim() || [])
}

/** What is optional and not there is null, for `{% if %}`. Each value is one line, so that none can pose as a paragraph. */
function scopeOf({ variables: needed, optionalVariables }: Template, variables: Variables): Scope {
  return Object.fromEntries([
    ...optionalVariables.map((name) => [name, null]),
    ...[...needed, ...optionalVariables].flatMap((name) => {
      const value = variables[name]
      return value === undefined ? [] : [[name, typeof value === 'string' ? oneLine(value) : value]]
    }),
  ])
}

function oneLine(text: string): string {
  return text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim()
}

function fill(engine: Liquid, source: string, scope: Scope, globals: object): Promise<string> {
  return engine.parseAndRender(source, scope, { globals }) as Promise<string>
}

const options = { strictVariables: true, strictFilters: true, ownPropertyOnly: true }
const plain = addFilters(new Liquid(options), 'text')
const html = addFilters(new Liquid({ ...options, outputEscape: 'escape' }), 'html')
