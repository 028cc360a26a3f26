/** Which attachments may harm, told by their names, and the test file that every scanner knows. */
import type { ParsedMessage } from '../mime/message.ts'

export interface AttachmentVerdict {
  part: string
  fileName: string
  /** `runs`: a program or what starts one; `macros`: a document that may carry one. */
  danger: 'runs' | 'macros'
  /** Its name pretends to be of another kind: `invoice.pdf.exe`, or many spaces before its end. */
  isDisguised: boolean
}

/** The attachments that need a word of warning; one that runs is not delivered unless the administrator allows it. */
export function judgeAttachments(message: ParsedMessage): AttachmentVerdict[] {
  return message.attachments.flatMap(({ part, fileName }) => {
    const name = fileName
      .trim()
      .replace(/[. ]{1,50}$/, '')
      .toLowerCase()
    const danger = dangerOf(name)
    if (danger === undefined) return []
    return [{ part, fileName, danger, isDisguised: danger === 'runs' && isDisguised(name) }]
  })
}

/** The EICAR test file, wherever it begins within the bytes. */
export function containsEicar(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(eicar)
}

/** In two pieces, so that no scanner takes this file for it. */
const eicar = Buffer.from(
  ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR', '-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join(''),
)

const programs = new Set([
  'ade',
  'adp',
  'apk',
  'appx',
  'appxbundle',
  'bat',
  'cab',
  'chm',
  'cmd',
  'com',
  'cpl',
  'diagcab',
  'dll',
  'dmg',
  'exe',
  'gadget',
  'hlp',
  'hta',
  'img',
  'inf',
  'ins',
  'iso',
  'isp',
  'jar',
  'jnlp',
  'js',
  'jse',
  'lib',
  'lnk',
  'mde',
  'msc',
  'msh',
  'msi',
  'msix',
  'msp',
  'mst',
  'nsh',
  'one',
  'pif',
  'ps1',
  'ps2',
  'psc1',
  'reg',
  'scf',
  'scr',
  'sct',
  'shb',
  'sys',
  'url',
  'vb',
  'vbe',
  'vbs',
  'vhd',
  'vhdx',
  'vxd',
  'wsc',
  'wsf',
  'wsh',
  'xll',
  'library-ms',
  'settingcontent-ms',
])

const withMacros = new Set([
  'docm',
  'dotm',
  'xlsm',
  'xltm',
  'xlam',
  'xlsb',
  'pptm',
  'potm',
  'ppam',
  'ppsm',
  'sldm',
])

function dangerOf(name: string): AttachmentVerdict['danger'] | undefined {
  const extension = extensionOf(name)
  if (programs.has(extension)) return 'runs'
  return withMacros.has(extension) ? 'macros' : undefined
}

function isDisguised(name: string): boolean {
  const stem = name.slice(0, name.length - extensionOf(name).length - 1).trimEnd()
  return (
    documents.has(extensionOf(stem)) || name.includes('     ') || /[\u202a-\u202e\u2066-\u2069]/.test(name)
  )
}

const documents = new Set([
  'pdf',
  'doc',
  'docx',
  'xls',
  'xlsx',
  'ppt',
  'pptx',
  'txt',
  'rtf',
  'jpg',
  'jpeg',
  'png',
  'gif',
  'mp3',
  'mp4',
  'htm',
  'html',
  'csv',
  'zip',
])

function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.')
  return dot < 0 ? '' : name.slice(dot + 1)
}
