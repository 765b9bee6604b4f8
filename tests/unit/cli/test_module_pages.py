"""The page of a module of Terraform says what it takes and gives."""

from pathlib import Path

from cli.module_pages import ROOT, module_pages, tables

VARIABLES = """
variable "size" {
  description = "How large, \\"small\\" or a|b."
  type = object({
    cores = number
  })
  default = {
    cores = 1
  }

  validation {
    condition     = true
    error_message = "description = no"
  }
}

variable "name" {
  description = "What it is called."
  type        = string
}

output "full_name" {
  description = "All of it."
  value       = var.name
}
"""


def test_inputs_and_outputs_are_in_tables_as_terraform_docs_writes_them(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(VARIABLES)
    told = tables(tmp_path).splitlines()
    assert told[4:6] == [
        '| <a name="input_name"></a> [name](#input\\_name) | What it is called. | `string` | n/a | yes |',
        '| <a name="input_size"></a> [size](#input\\_size) | How large, "small" or a\\|b. '
        "| `object({ cores = number })` | `{ cores = 1 }` | no |",
    ]
    assert told[-1] == '| <a name="output_full_name"></a> [full\\_name](#output\\_full\\_name) | All of it. |'


def test_every_module_has_its_page() -> None:
    modules = {each.name for each in (ROOT / "infra/modules").iterdir() if each.is_dir()}
    assert {Path(each).parent.name for each in module_pages()} == modules
