/** Characters of a file that the sandbox takes. */
export const FILE_MAX = 1_048_576;

/** A file of the learner's own machine as text under a name that fits the home folder; or why it cannot be brought in. */
export async function textOf(
  file: Pick<File, 'name' | 'size' | 'arrayBuffer'>,
): Promise<{ readonly name: string; readonly text: string } | { readonly fault: string }> {
  if (file.size > FILE_MAX)
    return {
      fault: `${file.name} is larger than 1 MB, which is more than a file has here. Nothing was brought in.`,
    };
  const bytes = await file.arrayBuffer().catch(() => undefined);
  if (bytes === undefined) return { fault: `${file.name} cannot be read: it is a folder, or it has gone.` };
  const fault = `${file.name} holds no text (a picture or an archive, perhaps). Files here are text; nothing was brought in.`;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replaceAll('\r\n', '\n');
    if (text.includes('\0')) return { fault };
    const name = file.name.replace(/[^\w.-]+/g, '-').replace(/^[.-]+/, '');
    return { name: name === '' ? 'file' : name, text };
  } catch {
    return { fault };
  }
}
