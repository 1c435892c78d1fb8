/** `"Pipeline Automation"` → `pipeline_automation@service`. Undefined when nothing of the name is left. */
export function serviceUserIdOf(name: string): string | undefined {
  const id = name
    .normalize("NFC")
    .trim()
    .toLowerCase()
    .replaceAll(/\s+/g, "_")
    .replaceAll(/[^a-z0-9_]/g, "")
  return id === "" ? undefined : `${id}@service`
}
