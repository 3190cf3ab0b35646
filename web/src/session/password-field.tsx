import { Eye, EyeOff } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "#i18n";

interface Props {
  id: string;
  label: string;
  value: string;
  onChange: (value: string) => void;
  autoComplete: "current-password" | "new-password";
  minLength?: number;
  help?: string;
}

/** A password, to be seen on demand: long ones are mistyped otherwise. */
export function PasswordField({ id, label, value, onChange, autoComplete, minLength, help }: Props) {
  const { t } = useTranslation();
  const [seen, setSeen] = useState(false);
  const toggle = t(seen ? "session.hide" : "session.show");
  return (
    <>
      <label htmlFor={id}>{label}</label>
      <span className="password-field">
        <input
          id={id}
          name={autoComplete}
          type={seen ? "text" : "password"}
          autoComplete={autoComplete}
          autoCapitalize="none"
          spellCheck={false}
          required
          minLength={minLength}
          maxLength={256}
          aria-describedby={help ? `${id}-help` : undefined}
          value={value}
          onChange={({ target }) => onChange(target.value)}
        />
        <button
          type="button"
          className="ghost icon"
          aria-label={`${toggle}: ${label}`}
          aria-pressed={seen}
          title={toggle}
          onClick={() => setSeen(!seen)}
        >
          {seen ? <EyeOff size={16} aria-hidden /> : <Eye size={16} aria-hidden />}
        </button>
      </span>
      {help && (
        <small id={`${id}-help`} className="muted">
          {help}
        </small>
      )}
    </>
  );
}
