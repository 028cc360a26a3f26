import { safeFileName } from './file-name.ts'
import type { Attachment, Part } from './message.ts'
import { givenName, isBodyText } from './part-header.ts'
import type { Leaf, Scan } from './scanner.ts'

/** Parts that are files, in order. An enclosed message is one; what it holds is not listed. */
export function listAttachments(scan: Scan, html: string): Attachment[] {
  const found: Attachment[] = []
  const shown = shownContentIds(html)
  const visit = (part: Part): void => {
    if (part.parts) for (const child of part.parts) visit(child)
    else {
      const leaf = scan.leaves.get(part)
      if (leaf && !isBodyText(part, leaf.within)) found.push(describe(leaf, shown))
    }
  }
  visit(scan.structure)
  return found
}

function describe({ part, sizeBytes, subject }: Leaf, shown: Set<string>): Attachment {
  const given = givenName(part) ?? (part.message && subject !== '' ? `${subject}.eml` : undefined)
  const attachment: Attachment = {
    part: part.number || '1',
    fileName: safeFileName(given, part.mediaType),
    mediaType: part.mediaType,
    sizeBytes,
    isInline: part.contentId !== undefined && shown.has(part.contentId),
  }
  if (part.contentId !== undefined) attachment.contentId = part.contentId
  return attachment
}

/** RFC 2392: what `cid:` addresses in a text name. */
function shownContentIds(html: string): Set<string> {
  const found = new Set<string>()
  if (!/cid:/i.test(html)) return found
  for (const [, id = ''] of html.matchAll(/\bcid:([^\s"'<>()]{1,500})/gi)) {
    found.add(id)
    try {
      found.add(decodeURIComponent(id.replaceAll('&amp;', '&')))
    } catch {
      // Not percent-encoded after all.
    }
  }
  return found
}
