import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMessage } from '../mime/parse.ts'
import { containsEicar, judgeAttachments } from './attachments.ts'

function withAttachment(fileName: string) {
  return parseMessage(
    Buffer.from(
      `From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="${fileName}"\r\n\r\nx\r\n--b--\r\n`,
    ),
  )
}

test('attachments are judged by the end of their names', () => {
  const cases: [string, 'runs' | 'macros' | undefined, boolean?][] = [
    ['invoice.pdf', undefined],
    ['photos.zip', undefined],
    ['setup.exe', 'runs', false],
    ['SCAN.SCR', 'runs', false],
    ['notes.js', 'runs', false],
    ['order.vbs', 'runs', false],
    ['folder.lnk', 'runs', false],
    ['disk.iso', 'runs', false],
    ['invoice.pdf.exe', 'runs', true],
    ['photo.jpg          .scr', 'runs', true],
    ['report.exe.', 'runs', false],
    ['report.exe ', 'runs', false],
    ['table.xlsm', 'macros', false],
    ['letter.docx', undefined],
    ['exe', undefined],
  ]
  for (const [fileName, danger, isDisguised] of cases) {
    const [verdict] = judgeAttachments(withAttachment(fileName))
    assert.equal(verdict?.danger, danger, fileName)
    assert.equal(verdict?.isDisguised, isDisguised, fileName)
  }
})

test('the EICAR test file is found wherever it begins, and nothing else is', () => {
  const eicar = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD', '-ANTIVIRUS-TEST-FILE!$H+H*'].join('')
  assert.equal(containsEicar(Buffer.from(eicar)), true)
  assert.equal(containsEicar(Buffer.from(`before ${eicar} after`)), true)
  assert.equal(containsEicar(Buffer.from(eicar.slice(1))), false)
  assert.equal(containsEicar(new Uint8Array(0)), false)
})
