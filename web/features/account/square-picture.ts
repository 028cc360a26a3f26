/** Side of a picture as it is kept. */
const sidePx = 512

/**
 * The middle of a picture, at most 512 px wide, as WebP, or PNG where the browser can't write that. Nothing of the
 * file goes with it: not the place where it was taken. Rejects with `EncodingError` when it is no picture.
 */
export async function squarePicture(file: Blob): Promise<Blob> {
  const image = await createImageBitmap(file).catch(() => {
    throw unreadable()
  })
  const crop = Math.min(image.width, image.height)
  const side = Math.min(crop, sidePx)
  const canvas = document.createElement('canvas')
  canvas.width = side
  canvas.height = side
  const context = canvas.getContext('2d')!
  context.imageSmoothingQuality = 'high'
  context.drawImage(image, (image.width - crop) / 2, (image.height - crop) / 2, crop, crop, 0, 0, side, side)
  image.close()
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(unreadable())), 'image/webp', 0.85),
  )
}

function unreadable(): DOMException {
  return new DOMException('the picture can not be read', 'EncodingError')
}
