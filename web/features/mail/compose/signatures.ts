/** The block that signs a message. */
import { inertDocument } from '#web/app/trusted-types.ts'
import { paragraphsOf } from './message-html.ts'

export const signatureClass = 'mail-signature'

/** An empty line to write on, or what is written already, and the signature below. */
export function signed(html: string | null, text: string, signature: string | undefined): string {
  const { body } = html === null ? { body: paragraphsOf(text) } : inertDocument(html)
  if (body.childNodes.length === 0) body.append(...emptyLine())
  if (signature !== undefined) body.append(...emptyLine(), signatureBlock(signature))
  return body.innerHTML
}

function emptyLine(): NodeListOf<ChildNode> {
  const { body } = inertDocument('<p style="margin:0"><br></p>')
  return body.childNodes
}

function signatureBlock(signature: string): HTMLElement {
  const { body } = inertDocument(signature)
  const block = body.ownerDocument.createElement('div')
  block.className = signatureClass
  block.append(...body.childNodes)
  return block
}
