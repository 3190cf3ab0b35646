import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "#i18n";

/** Puts a text on the clipboard, and says so. */
export function CopyButton({ text, label }: { text: () => string; label: string }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  // Only a page that came over https or from this machine has a clipboard.
  if (!navigator.clipboard) return null;
  const says = copied ? t("runs.copied") : label;
  return (
    <button
      type="button"
      className="ghost icon"
      aria-label={says}
      title={says}
      onClick={() => void navigator.clipboard.writeText(text()).then(() => setCopied(true))}
    >
      {copied ? <Check size={15} aria-hidden /> : <Copy size={15} aria-hidden />}
    </button>
  );
}
