/** The templates: what each is about and needs here, their texts in `templates/<code>/<channel>.<language>.liquid`. */
import { readdirSync, readFileSync } from 'node:fs'
import type { z } from 'zod'
import type { Channel, Template as ShownTemplate } from '#contracts/notifications.ts'

export type Language = 'en' | 'bn'

export interface Template {
  code: string
  topic: z.output<typeof ShownTemplate>['topic']
  /** It holds a code or link that must not be kept. */
  isSecret: boolean
  channels: readonly Channel[]
  variables: readonly string[]
  optionalVariables: readonly string[]
}

/** A template's text for one channel in one language, as Liquid. */
export interface TemplateText {
  language: Language
  /** Of an e-mail. */
  subject: string | null
  content: string
}

type Stated = Pick<Template, 'channels' | 'variables'> & Partial<Template>

const stated: Record<string, Stated> = {
  verify_email: { channels: ['email'], isSecret: true, variables: ['code', 'link', 'minutes'] },
  verify_phone: { channels: ['sms'], isSecret: true, variables: ['code', 'minutes'] },
  password_reset: { channels: ['email', 'sms'], isSecret: true, variables: ['link', 'minutes'] },
  password_changed: { channels: ['email'], variables: [], optionalVariables: ['link'] },
  account_exists: { channels: ['email'], variables: ['link'] },
  invitation: {
    channels: ['email', 'sms'],
    isSecret: true,
    variables: ['installation', 'link', 'days'],
    optionalVariables: ['inviter'],
  },
  new_sign_in: { channels: ['email'], variables: ['device', 'address', 'time', 'link'] },
  second_factor_changed: { channels: ['email'], variables: ['change'], optionalVariables: ['link'] },
  export_ready: { channels: ['email'], variables: ['link'] },
  sign_in_attempts: { channels: ['email'], variables: ['link'] },
  welcome_email: { channels: ['email'], topic: 'news', variables: ['name'], optionalVariables: ['link'] },
}

export const templates: ReadonlyMap<string, Template> = new Map(
  Object.entries(stated).map(([code, template]) => [
    code,
    { code, topic: 'security', isSecret: false, optionalVariables: [], ...template },
  ]),
)

/** In English where there is none in the language. */
export function textOf(code: string, channel: Channel, language: Language): TemplateText | undefined {
  const texts = readTexts()
  return texts.get(`${code}/${channel}.${language}`) ?? texts.get(`${code}/${channel}.en`)
}

/** Every text there is, by template, channel and language. */
export function allTexts(): { template: Template; channel: Channel; text: TemplateText }[] {
  return [...templates.values()].flatMap((template) =>
    template.channels.flatMap((channel) =>
      (['en', 'bn'] as const).flatMap((language) => {
        const text = readTexts().get(`${template.code}/${channel}.${language}`)
        return text ? [{ template, channel, text }] : []
      }),
    ),
  )
}

/** Text of a file of the folder `templates`. */
export function readTemplateFile(path: string): string {
  const text = files.get(path) ?? readFileSync(new URL(path, folder), 'utf8')
  files.set(path, text)
  return text
}

const folder = new URL('../templates/', import.meta.url)
const files = new Map<string, string>()
let known: ReadonlyMap<string, TemplateText> | undefined

function readTexts(): ReadonlyMap<string, TemplateText> {
  return (known ??= new Map(
    [...templates.keys()].flatMap((code) =>
      readdirSync(new URL(code, folder)).map((file) => {
        const path = `${code}/${file}`
        return [path.replace(/\.liquid$/, ''), parseText(readTemplateFile(path), languageOf(file))]
      }),
    ),
  ))
}

function languageOf(file: string): Language {
  return file.includes('.bn.') ? 'bn' : 'en'
}

/** A first line `Subject: …` is that of an e-mail. */
function parseText(source: string, language: Language): TemplateText {
  const [, subject = null, content = ''] = /^(?:Subject: ([^\n]+)\n+)?([\s\S]*)$/.exec(source.trim()) ?? []
  return { language, subject, content }
}
