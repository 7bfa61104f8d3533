"""`tiercel completion`: the script that teaches a shell the commands."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for a shell.

    \b
    bash: eval "$(tiercel completion bash)"          in ~/.bashrc
    zsh:  eval "$(tiercel completion zsh)"           in ~/.zshrc
    fish: tiercel completion fish > ~/.config/fish/completions/tiercel.fish
    """
    from click.shell_completion import get_completion_class

    from tiercel.cli.app import cli

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(cli, {}, "tiercel", "_TIERCEL_COMPLETE").source())
