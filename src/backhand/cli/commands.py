"""
The commands that talk to a venue.

Apart from `app`, which adds those that are one: who only asks need not wait until a server is imported.
"""

from typing import Final

import typer

from backhand.cli.doctor import doctor
from backhand.cli.exits import EXIT_CODES
from backhand.cli.operating import account, audit
from backhand.cli.reading import READING_HELP, orders, positions, quote, watch
from backhand.cli.trading import TRADING_HELP, buy, close, reverse, sell

#: Headings of the help.
HERE: Final = "A venue of your own"
_OPERATOR: Final = "Its operator"
_LOOK: Final = "Look"
_TRADE: Final = "Trade"

app = typer.Typer(
    name="backhand",
    help="A perpetual-futures venue that you run yourself, speaking Bitget's v2 API, with position "
    "reversal as one step.",
    epilog=(
        "[bold]In a minute[/bold]  backhand serve, and in another terminal:\n\n"
        "  backhand account open USDT=100000 --save trader.json\n\n"
        "  export BACKHAND_CREDENTIALS=trader.json\n\n"
        "  backhand buy ETHUSDT 20 --yes\n\n"
        "  backhand reverse ETHUSDT\n\n"
        "Data is on standard output, everything else on standard error; -o json is for programs.\n\n"
        f"{EXIT_CODES}"
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(account, name="account", rich_help_panel=_OPERATOR)
app.command(
    rich_help_panel=_OPERATOR, epilog=f"[bold]Example[/bold]  backhand audit -o json\n\n{EXIT_CODES}"
)(audit)
for _command in (positions, orders, quote, watch):
    _epilog = f"{READING_HELP[_command.__name__]}\n\n{EXIT_CODES}"
    app.command(rich_help_panel=_LOOK, epilog=_epilog)(_command)
for _trade in (buy, sell, reverse, close):
    _epilog = f"{TRADING_HELP[_trade.__name__]}\n\n{EXIT_CODES}"
    app.command(rich_help_panel=_TRADE, epilog=_epilog)(_trade)
app.command(
    rich_help_panel=_LOOK,
    epilog=f"[bold]Example[/bold]  backhand doctor --credentials trader.json\n\n{EXIT_CODES}",
)(doctor)
