// A picture from the shopper: dropped, pasted or chosen; made small here, so that it travels fast.

const MAX_SIDE = 768;
const THUMBNAIL_SIDE = 96;
const QUALITY = 0.9;
const veil = document.getElementById("veil");

function drawn(bitmap, side) {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const brush = canvas.getContext("2d");
  brush.fillStyle = "#fff"; // what is transparent is white, as in a catalogue
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.imageSmoothingQuality = "high";
  brush.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** Return `{file, thumbnail}` of a file; null if this browser cannot read it. It comes turned upright. */
export async function prepare(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
  const small = drawn(bitmap, MAX_SIDE);
  const blob = await new Promise((resolve) => { small.toBlob(resolve, "image/jpeg", QUALITY); });
  const thumbnail = drawn(bitmap, THUMBNAIL_SIDE).toDataURL("image/jpeg", QUALITY);
  bitmap.close();
  return { file: blob, thumbnail };
}

function pictureIn(transfer) {
  return [...(transfer?.files ?? [])].find((file) => file.type.startsWith("image/"));
}

const holdsFiles = ({ dataTransfer }) => [...(dataTransfer?.types ?? [])].includes("Files");

/** Call `found(file)` for a picture however it comes, and `missed()` for a drop that holds none. */
export function listen(found, missed) {
  const input = document.getElementById("picture");
  input.addEventListener("change", () => {
    if (input.files.length) found(input.files[0]);
    input.value = ""; // the same file may be chosen again
  });
  document.addEventListener("paste", (event) => {
    const file = pictureIn(event.clipboardData);
    if (!file) return;
    event.preventDefault();
    found(file);
  });
  document.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    veil.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) veil.hidden = true;
  });
  document.addEventListener("drop", (event) => {
    veil.hidden = true;
    if (!holdsFiles(event)) return;
    event.preventDefault();
    const file = pictureIn(event.dataTransfer);
    if (file) found(file);
    else missed();
  });
}
