"""Metadata of the package; settings of the tools stand in pyproject.toml."""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "([^"]+)"', (HERE / "mleq" / "__init__.py").read_text())[1]


class BuildWithShelf(build_py):
    """Puts recipe.json and the shelf inside the built package, where they are found away from a clone."""

    def run(self):
        """Build, then copy the recipes."""
        super().run()
        if self.editable_mode:
            return
        shelf = Path(self.build_lib) / "mleq" / "shelf"
        shelf.mkdir(parents=True, exist_ok=True)
        for path in [HERE / "recipe.json", *sorted((HERE / "recipes").glob("*.json"))]:
            shutil.copy(path, shelf / path.name)


test = [
    "pytest>=8,<10",
    "hypothesis>=6,<7",
    "pytest-xdist>=3,<4",
    "pytest-cov>=5,<9",
    "ruff>=0.9,<1",
    "playwright>=1.40,<2",
    "axe-playwright-python>=0.1.4,<0.2",
]
waveform = ["obspy>=1.4,<2", "h5py>=3,<4", "zarr>=3,<4"]
csep = ["pycsep>=0.8,<0.9"]
docs = ["sphinx>=8,<10", "myst-parser>=4,<6", "furo>=2024.8.6,<2028", "latex2mathml>=3.77,<4"]
mutants = ["mutmut>=3.8,<4"]
distributed = ["dask>=2024.8,<2028", "distributed>=2024.8,<2028", "bokeh>=3.1,<4"]  # bokeh draws Dask's dashboard

setup(
    name="mleq",
    version=VERSION,
    description="Earthquake forecasts from recipes, with an honest statement of what each is worth",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.11",
    packages=find_packages(include=["mleq", "mleq.*"]),
    include_package_data=True,
    cmdclass={"build_py": BuildWithShelf},
    install_requires=[
        "click>=8.1,<9",
        "filelock>=3.12,<5",
        "geographiclib>=2.0,<3",
        "imbalanced-learn>=0.12,<0.16",
        "keras>=3.12,<4",  # before, safe mode could be got round
        "matplotlib>=3.8,<4",
        "numpy>=1.26,<3",
        "pandas>=2.2,<4",
        "pyarrow>=15,<30",
        "pydantic>=2.7,<3",
        "requests>=2.31,<3",
        "scikit-learn>=1.4,<2",
        "scipy>=1.12,<2",
        "tensorflow>=2.17,<3",
        "tzdata>=2024.1",  # the newest, always: time zones change
        "urllib3>=2,<3",
        # Boosted trees without the libraries for graphics cards, 5 MB instead of 300; there is no such wheel for macOS.
        "xgboost-cpu>=3,<4; sys_platform != 'darwin'",
        "xgboost>=3,<4; sys_platform == 'darwin'",
    ],
    extras_require={
        "csep": csep,
        "docs": docs,
        "distributed": distributed,
        "mutants": mutants,
        "test": test,
        "waveform": waveform,
    },
    entry_points={"console_scripts": ["mleq = mleq.cli:main"]},
)
